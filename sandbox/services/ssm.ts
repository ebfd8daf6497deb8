// Session Manager's calls of the ssm API, and the managed nodes that it knows.
import { AwsError, unmodelled } from "../endpoint/aws-error.ts";
import type { Call } from "../endpoint/call.ts";
import type { Faults } from "../faults.ts";
import type { ManagedNode, ManagedNodes } from "./managed-nodes.ts";
import type { FixedForwarding } from "./own-port-documents.ts";
import { isOwnedByAws, readSessionParameters, SESSION_DOCUMENTS } from "./session-documents.ts";
import type { SessionPreferences } from "./session-preferences.ts";
import type { Session, SessionRequest, Sessions } from "./sessions.ts";
import { member, optionalMember, page } from "./ssm-input.ts";

export interface SsmOptions {
  readonly sessions: Sessions;
  readonly nodes: ManagedNodes;
  /** Where data channels are opened, e.g. `ws://127.0.0.1:40123`; known only once the endpoint listens. */
  readonly streamOrigin: () => string;
  /** Version of the SSM Agent that every node shows. */
  readonly agentVersion: string;
  readonly faults: Pick<Faults, "refuseResume">;
  /** The account's session preferences as they are now. */
  readonly preferences: () => Promise<SessionPreferences>;
  /** Where a document of the account's own leads with these parameters, if it leads to one port. */
  readonly fixedForwarding: (documentName: string, given: unknown) => Promise<FixedForwarding | undefined>;
}

type NodeFilter = (node: ManagedNode) => boolean;

/** @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html and its neighbours */
export class Ssm {
  readonly #options: SsmOptions;

  constructor(options: SsmOptions) {
    this.#options = options;
  }

  /** @throws AwsError ValidationException, InvalidDocument, TargetNotConnected; UnmodelledRequest for other documents */
  async startSession({ input, caller }: Call): Promise<object> {
    const target = member(input, "Target", { maxLength: 400 });
    const documentName = optionalMember(input, "DocumentName", { maxLength: 128 }) ?? SESSION_DOCUMENTS.shell;
    const reason = optionalMember(input, "Reason", { maxLength: 256 });
    const document = await this.#document(documentName, input["Parameters"]);
    const connection = await this.#options.nodes.connection(target);
    if (!connection.connected) throw new AwsError("TargetNotConnected", `${target} is not connected.`);
    const preferences = await this.#options.preferences();
    const { session, tokenValue } = this.#options.sessions.start({
      target,
      documentName,
      ...document,
      owner: caller.arn,
      ownerUserId: caller.userId,
      ...(reason === undefined ? {} : { reason }),
      preferences,
    });
    return this.#ticket(session, tokenValue);
  }

  /** Without a token the session is over; the client takes it so. */
  resumeSession({ input }: Call): object {
    const session = this.#session(input);
    const { sessions, faults } = this.#options;
    const tokenValue = faults.refuseResume ? undefined : sessions.issueToken(session.sessionId);
    return tokenValue === undefined ? { SessionId: session.sessionId } : this.#ticket(session, tokenValue);
  }

  terminateSession({ input }: Call): object {
    const session = this.#session(input);
    if (session.status === "Terminated")
      throw new AwsError(
        "ValidationException",
        `Session ${session.sessionId} is not in a valid state to be terminated.`,
      );
    this.#options.sessions.end(session.sessionId, "");
    return { SessionId: session.sessionId };
  }

  /** A target that nobody knows is not connected, as in AWS. */
  async getConnectionStatus({ input }: Call): Promise<object> {
    const target = member(input, "Target", { maxLength: 400 });
    const { connected } = await this.#options.nodes.connection(target);
    return { Target: target, Status: connected ? "connected" : "notconnected" };
  }

  describeSessions({ input }: Call): object {
    const state = member(input, "State", {});
    if (state !== "Active" && state !== "History")
      throw new AwsError(
        "ValidationException",
        `1 validation error detected: Value '${state}' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [Active, History]`,
      );
    const matches = sessionFilter(input["Filters"]);
    const sessions = this.#options.sessions
      .list()
      .filter((session) => (session.status === "Connected") === (state === "Active") && matches(session))
      .reverse();
    const { items, nextToken } = page(sessions, input, 200);
    return { Sessions: items.map(describeSession), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
  }

  async describeInstanceInformation({ input }: Call): Promise<object> {
    const matches = nodeFilter(input["Filters"]);
    const nodes = (await this.#options.nodes.list()).filter(matches);
    const { items, nextToken } = page(nodes, input, 50);
    return {
      InstanceInformationList: items.map((node) => describeNode(node, this.#options.agentVersion)),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  }

  async #document(
    documentName: string,
    given: unknown,
  ): Promise<Pick<SessionRequest, "agentDocumentName" | "parameters">> {
    const isOwn = !isOwnedByAws(documentName) && documentName !== SESSION_DOCUMENTS.shell;
    const fixed = isOwn ? await this.#options.fixedForwarding(documentName, given) : undefined;
    if (fixed === undefined) return { parameters: readSessionParameters(documentName, given) };
    return { agentDocumentName: fixed.documentName, parameters: fixed.parameters };
  }

  #session(input: Call["input"]): Session {
    const sessionId = member(input, "SessionId", { maxLength: 96 });
    const session = this.#options.sessions.find(sessionId);
    if (session === undefined) throw new AwsError("DoesNotExistException", `Session ${sessionId} does not exist`);
    return session;
  }

  #ticket({ sessionId }: Session, tokenValue: string): object {
    const streamUrl = `${this.#options.streamOrigin()}/v1/data-channel/${sessionId}?role=publish_subscribe`;
    return { SessionId: sessionId, StreamUrl: streamUrl, TokenValue: tokenValue };
  }
}

function describeSession(session: Session): object {
  return {
    SessionId: session.sessionId,
    Target: session.target,
    Status: session.status,
    StartDate: session.startDateMs / 1_000,
    DocumentName: session.documentName,
    Owner: session.owner,
    AccessType: "Standard",
    ...(session.reason === undefined ? {} : { Reason: session.reason }),
    ...(session.endDateMs === undefined ? {} : { EndDate: session.endDateMs / 1_000 }),
    ...(session.endReason ? { Details: session.endReason } : {}),
  };
}

function sessionFilter(filters: unknown): (session: Session) => boolean {
  const tests = filterList(filters, "key", "value").map(({ key, values: [value = ""] }) => {
    switch (key) {
      case "Target":
        return (session: Session) => session.target === value;
      case "Owner":
        return (session: Session) => session.owner === value;
      case "SessionId":
        return (session: Session) => session.sessionId === value;
      case "Status":
        return (session: Session) => session.status === value;
      case "InvokedAfter":
        return (session: Session) => session.startDateMs >= Date.parse(value);
      case "InvokedBefore":
        return (session: Session) => session.startDateMs <= Date.parse(value);
      default:
        throw new AwsError("InvalidFilterKey", `The specified filter key is not valid: ${key}`);
    }
  });
  return (session) => tests.every((test) => test(session));
}

/** `ipAddress` and `computerName` are those of the instance, as its agent reports them. */
function describeNode({ instance, pingStatus, lastPingMs }: ManagedNode, agentVersion: string): object {
  const isUbuntu = instance.imageName.startsWith("ubuntu/");
  const platformVersion = isUbuntu
    ? /-(\d\d\.\d\d)-/.exec(instance.imageName)?.[1]
    : amazonLinuxVersion(instance.imageName);
  return {
    InstanceId: instance.instanceId,
    PingStatus: pingStatus,
    LastPingDateTime: lastPingMs / 1_000,
    AgentVersion: agentVersion,
    IsLatestVersion: true,
    PlatformType: "Linux",
    PlatformName: isUbuntu ? "Ubuntu" : "Amazon Linux",
    PlatformVersion: platformVersion ?? "",
    ResourceType: "EC2Instance",
    IPAddress: instance.privateIpAddress,
    ComputerName: `ip-${instance.privateIpAddress.replaceAll(".", "-")}.ec2.internal`,
  };
}

function amazonLinuxVersion(imageName: string): string {
  return imageName.startsWith("amzn2-") ? "2" : "2023";
}

function nodeFilter(filters: unknown): NodeFilter {
  const tests = filterList(filters, "Key", "Values").map(({ key, values }): NodeFilter => {
    if (key === "InstanceIds") return ({ instance }) => values.includes(instance.instanceId);
    if (key === "PingStatus") return ({ pingStatus }) => values.includes(pingStatus);
    if (key === "ResourceType") return () => values.includes("EC2Instance");
    if (key.startsWith("tag:")) return ({ instance }) => values.includes(instance.tags[key.slice(4)] ?? "\0");
    throw unmodelled(`ssm:DescribeInstanceInformation with the filter "${key}"`);
  });
  return (node) => tests.every((test) => test(node));
}

function filterList(filters: unknown, keyName: string, valueName: string): { key: string; values: string[] }[] {
  if (!Array.isArray(filters)) return [];
  return filters.map((filter: Record<string, unknown>) => ({
    key: String(filter[keyName]),
    values: [filter[valueName]].flat().map(String),
  }));
}
