// What use cases need of AWS, each need a type of its own, so that a test hands in a few lines and no SDK.
import type { Agent } from "node:http";
import type { DataKey, EncryptionContext } from "../../session-manager/index.ts";
import type { AuditPorts } from "./audit-ports.ts";
import type { NetworkPorts } from "./network-ports.ts";
import type { NetworkFacts, NodeFacts, RoleFacts } from "./network-facts.ts";

/** An EC2 instance, as far as the commands look at it. */
export interface Instance {
  readonly instanceId: string;
  /** Value of the Name tag; foreign text. */
  readonly name: string | undefined;
  readonly state: InstanceState;
  /** Milliseconds since 1970 UTC. */
  readonly launchTimeMs: number;
  /** How long ago that was by AWS's clock when it was looked up: this computer's may be wrong by hours. */
  readonly ageMs: number;
  readonly instanceType: string;
  readonly availabilityZone: string;
  /** The account that owns it. */
  readonly accountId: string;
  readonly imageId: string;
  readonly isWindows: boolean;
}

/** @see EC2 API reference, InstanceState */
export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** A session that is under way; foreign text, all of it. */
export interface SessionOnInstance {
  readonly sessionId: string;
  /** ARN. */
  readonly owner: string;
  /** Milliseconds since 1970 UTC. */
  readonly startMs: number;
}

/** What decides whether an instance can take a key from EC2 Instance Connect. */
export interface LoginFacts {
  /** Foreign text; undefined when the image is gone, or may not be looked at. */
  readonly imageName: string | undefined;
  /** Whether programs on the instance may ask for its metadata. */
  readonly hasMetadata: boolean;
}

/** StartSession's answer. `tokenValue` is a secret: it opens the session. */
export interface StartedSession {
  readonly sessionId: string;
  readonly streamUrl: string;
  readonly tokenValue: string;
}

export interface StartSessionRequest {
  readonly instanceId: string;
  /** Undefined for the account's own: a shell, as its session preferences say. */
  readonly documentName: string | undefined;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** For the account's records; at most 256 characters. */
  readonly reason?: string | undefined;
}

export interface SendSshPublicKeyRequest {
  readonly instanceId: string;
  readonly availabilityZone: string;
  readonly osUser: string;
  /** One line as in `authorized_keys`. */
  readonly publicKey: string;
}

/** Each member is one need; a use case asks for those it has: `Pick<Aws, "startSession">`. */
export interface Aws extends NetworkPorts, AuditPorts {
  readonly region: string;
  /** Profile that was named or is in force; undefined for the default one. */
  readonly profile: string | undefined;

  /** How data channels leave this computer too; undefined for Node's own way. */
  readonly httpsAgent?: Agent | undefined;

  /** Instances with this Name tag, in whatever state; EC2 shows terminated ones for about an hour. */
  findInstancesByName(name: string): Promise<Instance[]>;
  findInstanceById(instanceId: string): Promise<Instance | undefined>;
  /** Name tags of the running instances, for suggestions. */
  listInstanceNames(): Promise<string[]>;

  /** Begins to load what a session will need, while another call is under way. */
  prepareSession(): void;
  /** @throws TargetNotConnectedError when the instance's SSM Agent holds no connection */
  startSession(request: StartSessionRequest): Promise<StartedSession>;
  /** A new ticket for a session whose connection was lost; undefined when the session is over. */
  resumeSession(sessionId: string): Promise<StartedSession | undefined>;
  terminateSession(sessionId: string): Promise<void>;
  /** A data key of 64 bytes under this KMS key, for a session that is encrypted. */
  generateDataKey(kmsKeyId: string, encryptionContext: EncryptionContext): Promise<DataKey>;
  connectionStatus(instanceId: string): Promise<"connected" | "notconnected">;
  rebootInstance(instanceId: string): Promise<void>;
  /** What the instance has printed by now, or what EC2 has kept of its last start; foreign text, empty if there is none. */
  consoleOutput(instanceId: string, moment: "now" | "start"): Promise<string>;
  startInstance(instanceId: string): Promise<void>;
  readTags(instanceId: string): Promise<Readonly<Record<string, string>>>;
  addTag(instanceId: string, tag: string, value: string): Promise<void>;
  removeTag(instanceId: string, tag: string): Promise<void>;
  /** Everybody's, as far as Session Manager takes them for connected. */
  activeSessions(instanceId: string): Promise<readonly SessionOnInstance[]>;
  /** ARN of the user, or of the role's session. */
  callerArn(): Promise<string>;
  networkFacts(instanceId: string): Promise<NetworkFacts | undefined>;
  /** The instance's role, and which of the actions its policies refuse. */
  roleFacts(instanceId: string, actions: readonly string[]): Promise<RoleFacts>;
  /** Undefined when the instance's agent has never registered. */
  nodeFacts(instanceId: string): Promise<NodeFacts | undefined>;
  /** How far this computer's clock is behind AWS's, in ms. */
  clockOffset(): Promise<number>;
  loginFacts(instance: Pick<Instance, "instanceId" | "imageId">): Promise<LoginFacts>;

  /** Authorizes the key for 60 s. */
  sendSshPublicKey(request: SendSshPublicKeyRequest): Promise<void>;
  /** Headers that sign the data channel's upgrade request; none without credentials. */
  signUpgrade(url: URL): Promise<Record<string, string>>;
}
