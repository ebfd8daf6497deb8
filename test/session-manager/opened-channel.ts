// A data channel with its handshake behind it, on a fake network.
import { DataChannel } from "../../session-manager/data-channel/data-channel.ts";
import type { ChannelSession } from "../../session-manager/data-channel/data-channel.ts";
import type { HandshakeOutcome } from "../../session-manager/data-channel/handshake.ts";
import type { FakeClock } from "../harness/fake-clock.ts";
import * as agent from "./agent-messages.ts";
import type { FakeNetwork } from "./fake-network.ts";

/** What the agent says of itself and of the session. */
export interface AgentSide {
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly agentVersion?: string;
  readonly sessionType?: string;
  readonly properties?: Record<string, string> | null;
  /** Ours, not the agent's. */
  readonly maxPayloadBytes?: number;
}

/** The session that `accept` makes; what the handshake sent is taken away. */
export async function openOn<Session extends ChannelSession>(
  { clock, network, agentVersion = "3.3.987.0", sessionType = "Port", properties = null, maxPayloadBytes }: AgentSide,
  accept: (channel: DataChannel, outcome: HandshakeOutcome) => Session,
): Promise<Session> {
  let session: Session | undefined;
  const channel = new DataChannel({
    ticket: { sessionId: "user-0123456789abcdef0", streamUrl: "wss://service.example/1", tokenValue: "secret" },
    clock,
    openTransport: network.openTransport,
    clientVersion: "1.2.764.0",
    maxPayloadBytes,
    accept: (opened, outcome) => (session = accept(opened, outcome)),
  });
  const opened = channel.open();
  await clock.advance(0);
  const action = {
    actionType: "SessionType",
    actionParameters: { SessionType: sessionType, Properties: properties },
  };
  network.connection.receive(
    agent.handshakeRequest([action], agentVersion),
    agent.acknowledgement(0),
    agent.handshakeComplete(),
  );
  await opened;
  network.connection.takeSent();
  if (session === undefined) throw new Error("no session was made");
  return session;
}
