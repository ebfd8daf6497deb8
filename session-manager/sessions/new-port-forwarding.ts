// Which kind of port session it becomes: the agent's version decides.
import type { ChannelSession, DataChannel } from "../data-channel/data-channel.ts";
import type { HandshakeOutcome } from "../data-channel/handshake.ts";
import { ProtocolError } from "../protocol-error.ts";
import { SessionType } from "../wire/handshake.ts";
import { quote } from "../wire/quote.ts";
import { BasicPortForwarding } from "./basic-port-forwarding.ts";
import { MuxPortForwarding } from "./mux-port-forwarding.ts";
import type { MuxOptions } from "./mux-port-forwarding.ts";
import type { PortForwarding } from "./port-forwarding.ts";
import { agentSupports } from "./version-gates.ts";

const LOCAL_PORT_FORWARDING = "LocalPortForwarding";

/**
 * Multiplexed for agents that can, else one connection at a time.
 *
 * @throws ProtocolError with the code SESSION_TYPE_UNEXPECTED if the session does not forward a port
 */
export function newPortForwarding(
  channel: DataChannel,
  outcome: HandshakeOutcome,
  options: MuxOptions,
): PortForwarding & ChannelSession {
  const { sessionType, properties, agentVersion } = outcome;
  const type = properties?.["type"];
  if (sessionType !== SessionType.port || type !== LOCAL_PORT_FORWARDING) {
    const met = `${quote(sessionType)} of type ${quote(typeof type === "string" ? type : "")}`;
    throw new ProtocolError(
      "SESSION_TYPE_UNEXPECTED",
      `cannot forward port: session is ${met}, not "${SessionType.port}" of type "${LOCAL_PORT_FORWARDING}"`,
    );
  }
  if (agentSupports("multiplexing", agentVersion)) return new MuxPortForwarding(channel, agentVersion, options);
  return new BasicPortForwarding(channel, agentVersion);
}
