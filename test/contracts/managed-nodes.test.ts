// When a managed node is connected, and what AWS shows of it.
import {
  AuthorizeSecurityGroupEgressCommand,
  RebootInstancesCommand,
  RevokeSecurityGroupEgressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  DescribeInstanceInformationCommand,
  GetConnectionStatusCommand,
  StartSessionCommand,
  type InstanceInformation,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ShiftedClock } from "../harness/shifted-clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork, https, type IsolatedNetwork } from "./isolated-network.ts";

const MINUTE_MS = 60_000;
/** So long that no test waits for it: the clock is turned instead. */
const BOOT_MS = 2 * MINUTE_MS;

const clock = new ShiftedClock();
let sandbox: TestSandbox;
let network: IsolatedNetwork;
let created = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock, bootMs: BOOT_MS });
}, OPEN_LIMIT_MS);

beforeEach(async () => {
  created += 1;
  network = await createIsolatedNetwork(sandbox, `nodes-${created}`);
  pass(BOOT_MS);
});

afterAll(async () => {
  await sandbox.close();
});

function pass(durationMs: number): void {
  clock.offsetMs += durationMs;
}

async function connectionStatus(): Promise<string | undefined> {
  const { Status } = await sandbox.ssm.send(new GetConnectionStatusCommand({ Target: network.instanceId }));
  return Status;
}

async function information(): Promise<InstanceInformation | undefined> {
  const Filters = [{ Key: "InstanceIds", Values: [network.instanceId] }];
  const { InstanceInformationList } = await sandbox.ssm.send(new DescribeInstanceInformationCommand({ Filters }));
  return InstanceInformationList?.[0];
}

async function reason(): Promise<string> {
  const connection = await sandbox.endpoint.nodes.connection(network.instanceId);
  return connection.connected ? "" : connection.reason;
}

async function reboot(): Promise<void> {
  await sandbox.ec2.send(new RebootInstancesCommand({ InstanceIds: [network.instanceId] }));
}

async function revokeEgress(): Promise<void> {
  const { bastionGroupId: GroupId, endpointGroupId } = network;
  await sandbox.ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: https(endpointGroupId) }));
}

async function allowEgress(): Promise<void> {
  const { bastionGroupId: GroupId, endpointGroupId } = network;
  await sandbox.ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: https(endpointGroupId) }));
}

describe("an instance in an isolated network", () => {
  it("is connected and online once it has booted", async () => {
    expect(await connectionStatus()).toBe("connected");
    expect(await information()).toMatchObject({
      PingStatus: "Online",
      PlatformType: "Linux",
      ResourceType: "EC2Instance",
      AgentVersion: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as unknown as string,
    });
  });

  it("is no managed node while it boots for the first time", async () => {
    network = await createIsolatedNetwork(sandbox, `nodes-${created}-young`);
    expect(await connectionStatus()).toBe("notconnected");
    expect(await information()).toBeUndefined();
    const start = sandbox.ssm.send(new StartSessionCommand({ Target: network.instanceId }));
    await expect(start).rejects.toMatchObject({ name: "TargetNotConnected" });
  });
});

describe("RebootInstances", () => {
  it("takes the node offline at once, and back after its boot", async () => {
    await reboot();
    expect(await connectionStatus()).toBe("notconnected");
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("connected");
  });

  it("leaves the ping status Online, which lags behind", async () => {
    expect(await information()).toMatchObject({ PingStatus: "Online" });
    await reboot();
    expect(await information()).toMatchObject({ PingStatus: "Online" });
  });

  it("ends the node's sessions", async () => {
    const { SessionId = "" } = await sandbox.ssm.send(new StartSessionCommand({ Target: network.instanceId }));
    await reboot();
    expect(sandbox.endpoint.sessions.find(SessionId)?.status).toBe("Terminated");
  });

  it("cures an agent that hangs", async () => {
    sandbox.endpoint.nodes.offlineUntilReboot.add(network.instanceId);
    expect(await connectionStatus()).toBe("notconnected");
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("notconnected");
    await reboot();
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("connected");
  });
});

describe("an agent that has gone", () => {
  it("is shown as ConnectionLost only after minutes", async () => {
    expect(await information()).toMatchObject({ PingStatus: "Online" });
    sandbox.endpoint.nodes.offlineUntilReboot.add(network.instanceId);
    expect(await connectionStatus()).toBe("notconnected");
    expect(await information()).toMatchObject({ PingStatus: "Online" });
    pass(5 * MINUTE_MS);
    expect(await information()).toMatchObject({ PingStatus: "ConnectionLost" });
  });
});

describe("a network that lets no agent out", () => {
  it("loses a node that was registered, and has it back when it is mended", async () => {
    expect(await connectionStatus()).toBe("connected");
    await revokeEgress();
    expect(await connectionStatus()).toBe("notconnected");
    expect(await reason()).toContain(network.bastionGroupId);
    await allowEgress();
    expect(await connectionStatus()).toBe("connected");
  });

  it("keeps an agent that met it at its start asleep for minutes after it is mended", async () => {
    await revokeEgress();
    await reboot();
    // Registered before or not: this one has never registered, because nobody has asked yet.
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("notconnected");
    await allowEgress();
    expect(await connectionStatus()).toBe("notconnected");
    expect(await reason()).toContain("sleeps before it tries again");
    pass(5 * MINUTE_MS);
    expect(await connectionStatus()).toBe("connected");
  });

  it("wakes an agent that sleeps by a reboot", async () => {
    await revokeEgress();
    await reboot();
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("notconnected");
    await allowEgress();
    await reboot();
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("connected");
  });
});

describe("StopInstances", () => {
  it("disconnects the node and ends its sessions; StartInstances brings it back", async () => {
    const { SessionId = "" } = await sandbox.ssm.send(new StartSessionCommand({ Target: network.instanceId }));
    const InstanceIds = [network.instanceId];
    await sandbox.ec2.send(new StopInstancesCommand({ InstanceIds }));
    expect(await connectionStatus()).toBe("notconnected");
    expect(sandbox.endpoint.sessions.find(SessionId)?.status).toBe("Terminated");
    pass(6 * MINUTE_MS);
    expect(await information()).toMatchObject({ PingStatus: "ConnectionLost" });
    await sandbox.ec2.send(new StartInstancesCommand({ InstanceIds }));
    expect(await connectionStatus()).toBe("notconnected");
    pass(BOOT_MS);
    expect(await connectionStatus()).toBe("connected");
  });
});

describe("TerminateInstances", () => {
  it("forgets the node and ends its sessions", async () => {
    const { SessionId = "" } = await sandbox.ssm.send(new StartSessionCommand({ Target: network.instanceId }));
    await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [network.instanceId] }));
    expect(await information()).toBeUndefined();
    expect(sandbox.endpoint.sessions.find(SessionId)?.status).toBe("Terminated");
  });
});
