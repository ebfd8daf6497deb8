// The data channels of the sandbox and nothing else of it: no control plane, no signatures; for tests and benches.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import type { AgentTiming } from "../agent/timing.ts";
import { noFaults, type Faults } from "../faults.ts";
import { Sessions } from "./sessions.ts";
import { SsmMessages } from "./ssm-messages.ts";

export interface LoneGatewayOptions {
  readonly clock: Clock;
  /** What the agent's ports lead to. */
  readonly dial: (host: string, port: number) => Promise<Duplex>;
  readonly timing?: AgentTiming;
  /** Four numbers with dots. */
  readonly agentVersion?: string;
}

/** What StartSession and ResumeSession answer with. */
export interface DataChannelTicket {
  readonly sessionId: string;
  readonly streamUrl: string;
  readonly tokenValue: string;
}

/** A gateway with its agents, on loopback. */
export interface LoneGateway {
  /** May be changed at any time. */
  readonly faults: Faults;
  startSession(documentName: string, parameters: Record<string, string[]>): DataChannelTicket;
  /** As ResumeSession: without a ticket the session is over. */
  resumeSession(sessionId: string): Promise<DataChannelTicket | undefined>;
  close(): Promise<void>;
}

const TARGET = "i-0123456789abcdef0";
const OWNER = { owner: "arn:aws:iam::123456789012:user/person", ownerUserId: "AIDA" };

/** Starts one on a port that is free. */
export async function startLoneGateway({ clock, dial, ...agent }: LoneGatewayOptions): Promise<LoneGateway> {
  const [faults, sessions] = [noFaults(), new Sessions(clock)];
  const instances = {
    connectFrom: (_target: string, host: string, port: number) => dial(host, port),
    login: () => Promise.reject(new TypeError("nobody logs in at a gateway without instances")),
  };
  const gateway = new SsmMessages({ sessions, instances, clock, faults, ...agent });
  const server = createServer().on("upgrade", (request, socket, head) => {
    gateway.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ticketOf = (sessionId: string, tokenValue: string): DataChannelTicket => ({
    sessionId,
    streamUrl: `ws://127.0.0.1:${port}/v1/data-channel/${sessionId}?role=publish_subscribe`,
    tokenValue,
  });
  return {
    faults,
    startSession(documentName, parameters) {
      const { session, tokenValue } = sessions.start({ target: TARGET, documentName, parameters, ...OWNER });
      return ticketOf(session.sessionId, tokenValue);
    },
    resumeSession(sessionId) {
      const tokenValue = faults.refuseResume ? undefined : sessions.issueToken(sessionId);
      return Promise.resolve(tokenValue === undefined ? undefined : ticketOf(sessionId, tokenValue));
    },
    async close() {
      await gateway.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
