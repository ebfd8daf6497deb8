// Systems Manager: starting and ending sessions, asking whether an agent is connected, signing the data channel.
import {
  GetConnectionStatusCommand,
  ResumeSessionCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from "@aws-sdk/client-ssm";
import { SandboxNotRunningError } from "../errors/sandbox-not-running-error.ts";
import type { Aws, StartSessionRequest, StartedSession } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";
import { signUpgrade } from "./sign-upgrade.ts";

export type SessionPorts = Pick<
  Aws,
  "startSession" | "resumeSession" | "terminateSession" | "connectionStatus" | "signUpgrade"
>;

/** The needs that Systems Manager meets. */
export function sessionPorts(settings: ClientSettings): SessionPorts {
  const client = new SSMClient(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  return {
    startSession: (request) => calling("ssm:StartSession", request.instanceId, settings, () => start(client, request)),
    async resumeSession(sessionId) {
      try {
        return await calling("ssm:ResumeSession", sessionId, settings, () => resume(client, sessionId));
      } catch (error) {
        // A sandbox that is gone takes its sessions with it; asking again helps no more than with an unknown session.
        if (error instanceof SandboxNotRunningError || nameOf(error) === "DoesNotExistException") return undefined;
        throw error;
      }
    },
    async terminateSession(sessionId) {
      await calling("ssm:TerminateSession", sessionId, settings, () =>
        client.send(new TerminateSessionCommand({ SessionId: sessionId })),
      );
    },
    async connectionStatus(instanceId) {
      const { Status } = await calling("ssm:GetConnectionStatus", instanceId, settings, () =>
        client.send(new GetConnectionStatusCommand({ Target: instanceId })),
      );
      // The service writes "notconnected", the SDK's model "notconnected" or "not_connected": only one word means yes.
      return Status === "connected" ? "connected" : "notconnected";
    },
    signUpgrade: (url) =>
      signUpgrade(url, {
        region: settings.region,
        credentials: settings.credentials,
        // What the client has learned from the answers' dates: a computer's clock may be wrong by hours.
        nowMs: settings.clock.now() + client.config.systemClockOffset,
      }),
  };
}

async function start(client: SSMClient, request: StartSessionRequest): Promise<StartedSession> {
  const parameters = Object.entries(request.parameters).map(([name, values]): [string, string[]] => [
    name,
    [...values],
  ]);
  const answer = await client.send(
    new StartSessionCommand({
      Target: request.instanceId,
      DocumentName: request.documentName,
      Parameters: Object.fromEntries(parameters),
      Reason: request.reason,
    }),
  );
  return ticketOf(answer);
}

/** AWS answers without a token when the session is over. */
async function resume(client: SSMClient, sessionId: string): Promise<StartedSession | undefined> {
  const answer = await client.send(new ResumeSessionCommand({ SessionId: sessionId }));
  return answer.TokenValue === undefined || answer.TokenValue === "" ? undefined : ticketOf(answer);
}

interface TicketAnswer {
  readonly SessionId?: string | undefined;
  readonly StreamUrl?: string | undefined;
  readonly TokenValue?: string | undefined;
}

function ticketOf({ SessionId = "", StreamUrl = "", TokenValue = "" }: TicketAnswer): StartedSession {
  return { sessionId: SessionId, streamUrl: StreamUrl, tokenValue: TokenValue };
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
