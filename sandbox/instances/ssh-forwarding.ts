// Port forwarding over one SSH connection: to where the client asks (-L, -D), and back from a port opened for it (-R).
import { createServer, type AddressInfo, type Server } from "node:net";
import type { Duplex } from "node:stream";
import type { Connection, ServerChannel } from "ssh2";
import { ChannelWriter } from "./channel-writer.ts";

/** Opens a connection to a host and port as the instance would; rejects when that is refused. */
export type Dial = (host: string, port: number) => Promise<Duplex>;

/** What ssh2 hands over for a global request; without functions when the client wants no answer. */
type ForwardingRequest = [
  accept: ((port?: number) => void) | undefined,
  reject: (() => void) | undefined,
  name: string,
  asked: ListenRequest,
];

interface ListenRequest {
  readonly bindAddr: string;
  readonly bindPort: number;
}

/** Ports that one connection may have opened for -R at a time. */
const MAX_LISTENERS_PER_CONNECTION = 32;

/** Serves direct-tcpip channels and tcpip-forward requests of `connection` until it closes. */
export function serveForwarding(connection: Connection, dial: Dial): void {
  const listeners = new Map<number, Server>();
  let isOpen = true;
  connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
    dial(destIP, destPort).then((target) => {
      // A channel of a connection that is gone would never say that it closes.
      if (isOpen) join(accept(), target);
      else target.destroy();
    }, reject);
  });
  connection.on("request", (...[accept, reject, name, asked]: ForwardingRequest) => {
    const refuse = (): void => reject?.();
    if (name === "tcpip-forward") listen(connection, listeners, asked).then((port) => accept?.(port), refuse);
    else if (name === "cancel-tcpip-forward" && close(listeners, asked)) accept?.();
    else refuse();
  });
  connection.once("close", () => {
    isOpen = false;
    for (const server of listeners.values()) server.close();
  });
}

/** Opens the port on loopback, whatever address was asked for: what `GatewayPorts no` means. Resolves with the port. */
async function listen(connection: Connection, listeners: Map<number, Server>, asked: ListenRequest): Promise<number> {
  if (listeners.size >= MAX_LISTENERS_PER_CONNECTION)
    throw new RangeError("too many ports are open for this connection");
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const { remoteAddress = "127.0.0.1", remotePort = 0 } = socket;
    connection.forwardOut(asked.bindAddr, port(server), remoteAddress, remotePort, (error, channel) => {
      if (error === undefined) join(channel, socket);
      else socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(asked.bindPort, "127.0.0.1", resolve);
  });
  listeners.set(port(server), server);
  return port(server);
}

function close(listeners: Map<number, Server>, { bindPort }: ListenRequest): boolean {
  listeners.get(bindPort)?.close();
  return listeners.delete(bindPort);
}

function port(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0;
}

/** Copies both ways until both have ended; one direction may end long before the other. */
function join(channel: ServerChannel, socket: Duplex): void {
  socket.on("error", () => {
    channel.close();
  });
  channel.once("close", () => {
    socket.destroy();
  });
  const fromClient = new Promise((resolve) => channel.once("end", resolve));
  channel.pipe(socket);
  const toClient = new ChannelWriter(channel).copy(socket, channel).then(() => {
    channel.eof(); // and not `end`: that closes the way back too
  });
  Promise.all([fromClient, toClient]).then(
    () => channel.end(),
    () => undefined, // the socket failed, and its listener above has closed the channel
  );
}
