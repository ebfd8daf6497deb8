// Puts AWS together for a command: Region, credentials, and clients that are loaded when they are first needed.
import type { Clock } from "../../session-manager/clock.ts";
import type { AuditPorts } from "../command/audit-ports.ts";
import type { Aws } from "../command/aws-ports.ts";
import type { NetworkPorts } from "../command/network-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import type { Terminal } from "../command/terminal.ts";
import type { ActiveSessionPorts } from "./active-sessions.ts";
import { callLog } from "./call-log.ts";
import type { ClientSettings } from "./client-settings.ts";
import { credentialProvider } from "./credentials.ts";
import { httpsAgent } from "./https-agent.ts";
import type { InstanceCarePorts } from "./instance-care.ts";
import { type RegionSources, resolveProfile, resolveRegion } from "./region.ts";

export interface AwsRequest extends RegionSources {
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, "debug">;
  /** Whom to ask for an MFA code. */
  readonly terminal: Pick<Terminal, "ask"> | undefined;
}

/**
 * AWS in one Region, with the default chain's credentials.
 *
 * Nothing is called yet; missing credentials show at the first call.
 *
 * @throws UserError (64) when no Region is named
 */
export async function openAws(request: AwsRequest): Promise<Aws> {
  const region = await resolveRegion(request);
  const profile = resolveProfile(request);
  const agent = await httpsAgent(request);
  const settings: ClientSettings = {
    region,
    profile,
    credentials: credentialProvider({ profile, httpsAgent: agent, terminal: request.terminal }),
    httpsAgent: agent,
    clock: request.clock,
    logCalls: callLog(request.reporter, request.clock),
  };
  request.reporter.debug(`Region ${region}, ${profile === undefined ? "no profile named" : `profile ${profile}`}`);
  return meetNeeds(settings);
}

function meetNeeds(settings: ClientSettings): Aws {
  const instances = once(async () => (await import("./instances.ts")).instancePorts(settings));
  const sessions = once(async () => (await import("./sessions.ts")).sessionPorts(settings));
  const instanceConnect = once(async () => (await import("./instance-connect.ts")).instanceConnectPorts(settings));
  const dataKeys = once(async () => (await import("./data-keys.ts")).dataKeyPorts(settings));
  return {
    region: settings.region,
    profile: settings.profile,
    httpsAgent: settings.httpsAgent,
    findInstancesByName: async (name) => (await instances()).findInstancesByName(name),
    findInstanceById: async (instanceId) => (await instances()).findInstanceById(instanceId),
    listInstanceNames: async () => (await instances()).listInstanceNames(),
    rebootInstance: async (instanceId) => (await instances()).rebootInstance(instanceId),
    ...lateInstanceCare(settings),
    ...lateActiveSessions(settings),
    ...lateFacts(settings),
    prepareSession() {
      void sessions();
      void instanceConnect();
    },
    startSession: async (session) => (await sessions()).startSession(session),
    resumeSession: async (sessionId) => (await sessions()).resumeSession(sessionId),
    terminateSession: async (sessionId) => (await sessions()).terminateSession(sessionId),
    connectionStatus: async (instanceId) => (await sessions()).connectionStatus(instanceId),
    generateDataKey: async (kmsKeyId, context) => (await dataKeys()).generateDataKey(kmsKeyId, context),
    signUpgrade: async (url) => (await sessions()).signUpgrade(url),
    ...surroundingNetwork(settings),
    ...lateAudit(settings),
    sendSshPublicKey: async (key) => (await instanceConnect()).sendSshPublicKey(key),
  };
}

function surroundingNetwork(settings: ClientSettings): NetworkPorts {
  const databases = once(async () => (await import("./databases.ts")).databasePorts(settings));
  const networks = once(async () => (await import("./networks.ts")).networkPorts(settings));
  return {
    listDatabases: async () => (await databases()).listDatabases(),
    listCaches: async () => (await databases()).listCaches(),
    instanceNetwork: async (instanceId) => (await networks()).instanceNetwork(instanceId),
    findSecurityGroups: async (ids) => (await networks()).findSecurityGroups(ids),
    subnetCidrs: async (ids) => (await networks()).subnetCidrs(ids),
    databaseToken: async (asked) => (await import("./database-token.ts")).databaseToken(asked, settings),
  };
}

function lateInstanceCare(settings: ClientSettings): InstanceCarePorts {
  const ports = once(async () => (await import("./instance-care.ts")).instanceCarePorts(settings));
  return {
    consoleOutput: async (instanceId, moment) => (await ports()).consoleOutput(instanceId, moment),
    loginFacts: async (instance) => (await ports()).loginFacts(instance),
    startInstance: async (instanceId) => (await ports()).startInstance(instanceId),
    readTags: async (instanceId) => (await ports()).readTags(instanceId),
    addTag: async (instanceId, tag, value) => (await ports()).addTag(instanceId, tag, value),
    removeTag: async (instanceId, tag) => (await ports()).removeTag(instanceId, tag),
  };
}

/** What only doctor asks. */
function lateFacts(settings: ClientSettings): Pick<Aws, "networkFacts" | "roleFacts" | "nodeFacts" | "clockOffset"> {
  const nodes = once(() => import("./node-facts.ts"));
  return {
    networkFacts: async (id) => (await import("./network-facts.ts")).readNetworkFacts(id, settings),
    roleFacts: async (id, actions) => (await nodes()).readRoleFacts(id, actions, settings),
    nodeFacts: async (id) => (await nodes()).readNodeFacts(id, settings),
    clockOffset: async () => (await nodes()).readClockOffset(settings),
  };
}

function lateActiveSessions(settings: ClientSettings): ActiveSessionPorts {
  const ports = once(async () => (await import("./active-sessions.ts")).activeSessionPorts(settings));
  return {
    activeSessions: async (instanceId) => (await ports()).activeSessions(instanceId),
    callerArn: async () => (await ports()).callerArn(),
  };
}

/** What only audit asks. */
function lateAudit(settings: ClientSettings): AuditPorts {
  const ports = once(async () => (await import("./audit-records.ts")).auditPorts(settings));
  return {
    recordedCalls: async (sinceMs, signal) => (await ports()).recordedCalls(sinceMs, signal),
    rememberedSessions: async (sinceMs) => (await ports()).rememberedSessions(sinceMs),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
