// The sandbox's own services, joined: what the endpoint asks when a call is not moto's.
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { Clock } from "../../session-manager/clock.ts";
import type { EndpointOptions } from "../endpoint/endpoint.ts";
import type { Faults } from "../faults.ts";
import { AuthorizedKeys } from "../instances/authorized-keys.ts";
import { Instances } from "../instances/instances.ts";
import { decide } from "../permissions/decide.ts";
import { explainRegistration } from "../registration/explain-registration.ts";
import { Callers } from "./callers.ts";
import { ConsoleOutput } from "./console-output.ts";
import { Ec2InstanceConnect } from "./ec2-instance-connect.ts";
import { InstanceLifecycle } from "./instance-lifecycle.ts";
import { Inventory } from "./inventory.ts";
import { ManagedNodes } from "./managed-nodes.ts";
import { Sessions } from "./sessions.ts";
import { Ssm } from "./ssm.ts";

/** The one that moto has. */
const ACCOUNT = "123456789012";

export interface ServicesOptions {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly region: string;
  readonly clock: Clock;
  /** For host keys and homes of the instances. */
  readonly directory: string;
  readonly sshServer: "ssh2" | "sshd";
  /** Time from an instance's start until its SSM Agent registers. */
  readonly bootMs: number;
  readonly agentVersion: string;
  readonly faults: Faults;
  /** E.g. `ws://127.0.0.1:40123`. */
  readonly streamOrigin: () => string;
}

export interface Services {
  readonly sessions: Sessions;
  readonly nodes: ManagedNodes;
  readonly instances: Instances;
  readonly authorizedKeys: AuthorizedKeys;
  readonly callers: Callers;
  readonly lifecycle: InstanceLifecycle;
  readonly ownCalls: EndpointOptions["ownCalls"];
}

/** Makes the services; nothing runs yet. */
export function joinServices(options: ServicesOptions): Services {
  const { ec2, iam, region, clock, directory, sshServer, bootMs, agentVersion, streamOrigin, faults } = options;
  const inventory = new Inventory(ec2);
  const sessions = new Sessions(clock);
  const authorizedKeys = new AuthorizedKeys(clock);
  const instances = new Instances({ directory, clock, authorizedKeys, sshServer });
  const nodes = new ManagedNodes({
    inventory,
    clock,
    bootMs,
    explainRegistration: async (instanceId) => {
      const registration = await explainRegistration({ ec2, iam, instanceId, region, account: ACCOUNT });
      return registration.canRegister ? undefined : registration.explanation;
    },
  });
  return {
    sessions,
    nodes,
    instances,
    authorizedKeys,
    callers: new Callers({
      inventory,
      sessions,
      decide: (caller, call) => decide({ iam, clock, region, caller, call }),
    }),
    lifecycle: new InstanceLifecycle({ inventory, nodes, sessions, stopInstance: (id) => instances.stop(id) }),
    ownCalls: ownCalls({
      ssm: new Ssm({ sessions, nodes, streamOrigin, agentVersion, faults }),
      instanceConnect: new Ec2InstanceConnect({ inventory, authorizedKeys }),
      console: new ConsoleOutput({ inventory, clock, hostPublicKeys: (id) => instances.hostPublicKeys(id) }),
    }),
  };
}

interface OwnServices {
  readonly ssm: Ssm;
  readonly instanceConnect: Ec2InstanceConnect;
  readonly console: ConsoleOutput;
}

function ownCalls({ ssm, instanceConnect, console }: OwnServices): EndpointOptions["ownCalls"] {
  return {
    "ec2:GetConsoleOutput": (call) => console.getConsoleOutput(call),
    "ec2-instance-connect:SendSSHPublicKey": (call) => instanceConnect.sendSshPublicKey(call),
    "ssm:DescribeInstanceInformation": (call) => ssm.describeInstanceInformation(call),
    "ssm:DescribeSessions": (call) => ssm.describeSessions(call),
    "ssm:GetConnectionStatus": (call) => ssm.getConnectionStatus(call),
    "ssm:ResumeSession": (call) => ssm.resumeSession(call),
    "ssm:StartSession": (call) => ssm.startSession(call),
    "ssm:TerminateSession": (call) => ssm.terminateSession(call),
  };
}
