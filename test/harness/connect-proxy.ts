// A company's proxy: speaks CONNECT, demands a password, and knows names that nobody else resolves.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

export interface ConnectProxyOptions {
  /** `user:password`. */
  readonly credentials: string;
  /** The loopback port behind a `host:port`; none is refused with 403. */
  readonly resolve: (destination: string) => number | undefined;
}

/** Listens on a loopback port until it is closed. */
export class ConnectProxy {
  /** Each `host:port` that it has let a client through to. */
  readonly tunnels: string[] = [];
  readonly #server: Server = createServer();
  readonly #sockets = new Set<Duplex>();
  readonly #options: ConnectProxyOptions;

  private constructor(options: ConnectProxyOptions) {
    this.#options = options;
    this.#server.on("connect", (request, socket, head) => {
      this.#keep(socket);
      this.#answer(request, socket, head);
    });
  }

  static async listen(options: ConnectProxyOptions): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #answer(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const expected = `Basic ${Buffer.from(this.#options.credentials).toString("base64")}`;
    if (request.headers["proxy-authorization"] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="company"\r\n\r\n');
      return;
    }
    const destination = request.url ?? "";
    const port = this.#options.resolve(destination);
    if (port === undefined) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    this.tunnels.push(destination);
    const onward = this.#keep(connect(port, "127.0.0.1"));
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  }

  #keep<Kept extends Duplex>(socket: Kept): Kept {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}
