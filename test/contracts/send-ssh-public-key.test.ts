// EC2 Instance Connect: SendSSHPublicKey.
import { StopInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from "@aws-sdk/client-ec2-instance-connect";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import ssh2 from "ssh2";
import { makeEd25519KeyPair } from "../../scripts/ssh/openssh-key.ts";
import { ShiftedClock } from "../harness/shifted-clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";

const clock = new ShiftedClock();
const PUBLIC_KEY = makeEd25519KeyPair("test").publicKey;
let sandbox: TestSandbox;
let client: EC2InstanceConnectClient;
let instanceId: string;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock });
  client = new EC2InstanceConnectClient(sandbox.configuration());
  ({ instanceId } = await createIsolatedNetwork(sandbox, "keys"));
}, OPEN_LIMIT_MS);

afterAll(async () => {
  client.destroy();
  await sandbox.close();
});

function send(change: Partial<SendSSHPublicKeyCommand["input"]> = {}): Promise<unknown> {
  const input = { InstanceId: instanceId, InstanceOSUser: "ec2-user", SSHPublicKey: PUBLIC_KEY, ...change };
  return client.send(new SendSSHPublicKeyCommand(input));
}

function validKeys(osUser = "ec2-user"): readonly string[] {
  return sandbox.endpoint.authorizedKeys.valid(instanceId, osUser);
}

describe("SendSSHPublicKey", () => {
  it("admits the key for this OS user and no other", async () => {
    expect(await send({ InstanceOSUser: "grace" })).toMatchObject({ Success: true });
    expect(validKeys("grace")).toHaveLength(1);
    expect(validKeys("ada")).toHaveLength(0);
  });

  it("admits the key for 60 s", async () => {
    await send({ InstanceOSUser: "alan" });
    clock.offsetMs += 59_000;
    expect(validKeys("alan")).toHaveLength(1);
    clock.offsetMs += 1_001;
    expect(validKeys("alan")).toHaveLength(0);
  });

  it("takes an RSA key", async () => {
    const { public: rsa } = ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 });
    expect(await send({ SSHPublicKey: rsa })).toMatchObject({ Success: true });
  });

  it("fails with InvalidArgsException for a key of another type", async () => {
    const { public: ecdsa } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
    await expect(send({ SSHPublicKey: ecdsa })).rejects.toMatchObject({ name: "InvalidArgsException" });
  });

  it.each([
    ["a private key", () => ssh2.utils.generateKeyPairSync("ed25519").private],
    ["a type that its inside denies", () => PUBLIC_KEY.replace("ssh-ed25519", "ssh-rsa")],
    ["two lines", () => `${PUBLIC_KEY}\n${PUBLIC_KEY}`],
    ["options before the key", () => `command="true" ${PUBLIC_KEY}`],
  ])("fails with InvalidArgsException for %s", async (_, key) => {
    await expect(send({ SSHPublicKey: key() })).rejects.toMatchObject({ name: "InvalidArgsException" });
  });

  it.each(["", "-rf", "a b", "x".repeat(33), "root\nadmin"])(
    "fails with InvalidArgsException for the OS user %j",
    async (osUser) => {
      await expect(send({ InstanceOSUser: osUser })).rejects.toMatchObject({ name: "InvalidArgsException" });
    },
  );

  it("fails with EC2InstanceNotFoundException for an instance that there is not", async () => {
    const missing = send({ InstanceId: "i-0000000000000000f" });
    await expect(missing).rejects.toMatchObject({ name: "EC2InstanceNotFoundException" });
  });

  it("fails with EC2InstanceNotFoundException in another Availability Zone", async () => {
    const elsewhere = send({ AvailabilityZone: "eu-central-1z" });
    await expect(elsewhere).rejects.toMatchObject({ name: "EC2InstanceNotFoundException" });
  });

  it("fails with EC2InstanceStateInvalidException for an instance that is stopped or terminated", async () => {
    const { instanceId: other } = await createIsolatedNetwork(sandbox, "keys-of-a-stopped");
    const name = "EC2InstanceStateInvalidException";
    await sandbox.ec2.send(new StopInstancesCommand({ InstanceIds: [other] }));
    await expect(send({ InstanceId: other })).rejects.toMatchObject({ name });
    await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [other] }));
    await expect(send({ InstanceId: other })).rejects.toMatchObject({ name });
  });
});
