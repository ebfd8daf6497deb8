// The sandbox's own services, joined: what the endpoint asks when a call is not moto's.
import type { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { ElastiCacheClient } from "@aws-sdk/client-elasticache";
import type { RDSClient } from "@aws-sdk/client-rds";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { join } from "node:path";
import type { Clock } from "../../session-manager/clock.ts";
import { Databases } from "../databases/databases.ts";
import type { AccessKeys } from "../endpoint/access-keys.ts";
import type { EndpointOptions } from "../endpoint/endpoint.ts";
import type { Faults } from "../faults.ts";
import { AuthorizedKeys } from "../instances/authorized-keys.ts";
import { Instances, type DialNeighbour } from "../instances/instances.ts";
import { decide } from "../permissions/decide.ts";
import { explainRegistration } from "../registration/explain-registration.ts";
import { Callers } from "./callers.ts";
import { CloudTrail, type CloudTrailOptions } from "./cloud-trail.ts";
import { ConsoleOutput } from "./console-output.ts";
import { Ec2InstanceConnect } from "./ec2-instance-connect.ts";
import { EventBus } from "./event-bus.ts";
import { InstanceLifecycle } from "./instance-lifecycle.ts";
import { InstanceCalls } from "./instance-calls.ts";
import { Inventory } from "./inventory.ts";
import { KmsKeys } from "./kms-keys.ts";
import { ManagedNodes } from "./managed-nodes.ts";
import { readFixedForwarding } from "./own-port-documents.ts";
import { PolicySimulation } from "./policy-simulation.ts";
import { PreferredShells } from "./preferred-shells.ts";
import { SessionKeys } from "./session-keys.ts";
import { readSessionPreferences } from "./session-preferences.ts";
import { Sessions } from "./sessions.ts";
import { Ssm, type SsmOptions } from "./ssm.ts";

/** The one that moto has. */
const ACCOUNT = "123456789012";

export interface ServicesOptions {
  readonly cloudTrail: CloudTrailClient;
  readonly ec2: EC2Client;
  readonly eventBridge: EventBridgeClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly elastiCache: ElastiCacheClient;
  readonly logs: CloudWatchLogsClient;
  readonly rds: RDSClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly keys: Pick<AccessKeys, "find">;
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
  /** Told of an error that no caller has caused. */
  readonly onFault: (error: unknown) => void;
}

export interface Services {
  readonly sessions: Sessions;
  readonly sessionKeys: SessionKeys;
  readonly preferredShells: PreferredShells;
  readonly nodes: ManagedNodes;
  readonly instances: Instances;
  readonly databases: Databases;
  readonly authorizedKeys: AuthorizedKeys;
  readonly callers: Callers;
  readonly cloudTrail: CloudTrail;
  readonly eventBus: EventBus;
  readonly lifecycle: InstanceLifecycle;
  readonly ownCalls: EndpointOptions["ownCalls"];
}

/** Makes the services; nothing runs yet. */
export function joinServices(options: ServicesOptions): Services {
  const { ec2, iam, region, clock, directory, sshServer } = options;
  const inventory = new Inventory(ec2);
  const sessions = new Sessions(clock);
  const kmsKeys = new KmsKeys(options.kms);
  const calls = new InstanceCalls({ ...options, account: ACCOUNT });
  const authorizedKeys = new AuthorizedKeys(clock);
  const callers = new Callers({
    inventory,
    sessions,
    kmsKeys,
    decide: (caller, call) => decide({ iam, clock, region, caller, call }),
  });
  const databases = makeDatabases(options, callers);
  const dialNeighbour: DialNeighbour = (instanceId, host, port) => databases.dial(instanceId, host, port);
  const instances = new Instances({ directory, clock, authorizedKeys, sshServer, dialNeighbour });
  const nodes = makeNodes(options, inventory);
  const stopInstance = (instanceId: string): Promise<void> => instances.stop(instanceId);
  const records = makeRecords(options);
  return {
    sessions,
    sessionKeys: new SessionKeys({ keys: kmsKeys, calls }),
    preferredShells: new PreferredShells({ ...options, calls, inventory, account: ACCOUNT }),
    nodes,
    instances,
    authorizedKeys,
    databases,
    callers,
    ...records,
    lifecycle: new InstanceLifecycle({ inventory, nodes, databases, sessions, stopInstance }),
    ownCalls: ownCalls({
      cloudTrail: records.cloudTrail,
      ssm: new Ssm({ ...options, ...documentsOf(options), sessions, nodes }),
      instanceConnect: new Ec2InstanceConnect({ inventory, authorizedKeys }),
      simulation: new PolicySimulation({ iam, account: ACCOUNT }),
      console: new ConsoleOutput({ inventory, clock, hostPublicKeys: (id) => instances.hostPublicKeys(id) }),
    }),
  };
}

/** What the account's own session documents say. */
function documentsOf({ ssm }: ServicesOptions): Pick<SsmOptions, "preferences" | "fixedForwarding"> {
  return {
    preferences: () => readSessionPreferences(ssm),
    fixedForwarding: (documentName, given) => readFixedForwarding(ssm, documentName, given),
  };
}

function makeRecords(options: ServicesOptions): Pick<Services, "cloudTrail" | "eventBus"> {
  const eventBus = new EventBus(options);
  const onEvent: CloudTrailOptions["onEvent"] = (event) => {
    eventBus.publish(event);
  };
  return { eventBus, cloudTrail: new CloudTrail({ clock: options.clock, onEvent }) };
}

function makeNodes(options: ServicesOptions, inventory: Inventory): ManagedNodes {
  return new ManagedNodes({
    ...options,
    inventory,
    explainRegistration: async (instanceId) => {
      const registration = await explainRegistration({ ...options, instanceId, account: ACCOUNT });
      return registration.canRegister ? undefined : registration.explanation;
    },
  });
}

function makeDatabases(options: ServicesOptions, callers: Callers): Databases {
  return new Databases({
    ...options,
    directory: join(options.directory, "databases"),
    findKey: (accessKeyId) => options.keys.find(accessKeyId),
    mayConnect: (caller, resourceId, user) => callers.mayConnectToDatabase(caller, resourceId, user),
  });
}

interface OwnServices {
  readonly cloudTrail: CloudTrail;
  readonly ssm: Ssm;
  readonly instanceConnect: Ec2InstanceConnect;
  readonly console: ConsoleOutput;
  readonly simulation: PolicySimulation;
}

function ownCalls(services: OwnServices): EndpointOptions["ownCalls"] {
  const { cloudTrail, ssm, instanceConnect, console, simulation } = services;
  return {
    "cloudtrail:LookupEvents": (call) => cloudTrail.lookupEvents(call),
    "ec2:GetConsoleOutput": (call) => console.getConsoleOutput(call),
    "iam:SimulatePrincipalPolicy": (call) => simulation.simulatePrincipalPolicy(call),
    "ec2-instance-connect:SendSSHPublicKey": (call) => instanceConnect.sendSshPublicKey(call),
    "ssm:DescribeInstanceInformation": (call) => ssm.describeInstanceInformation(call),
    "ssm:DescribeSessions": (call) => ssm.describeSessions(call),
    "ssm:GetConnectionStatus": (call) => ssm.getConnectionStatus(call),
    "ssm:ResumeSession": (call) => ssm.resumeSession(call),
    "ssm:StartSession": (call) => ssm.startSession(call),
    "ssm:TerminateSession": (call) => ssm.terminateSession(call),
  };
}
