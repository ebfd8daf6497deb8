// TLS in front of a loopback port that speaks without.
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import type { Certificates } from "./certificates.ts";

/** Listens on a loopback port until it is closed. */
export class TlsFront {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor({ certificate, key }: Certificates, behind: number) {
    this.#server = createServer({ cert: certificate, key }, (socket) => {
      const onward = connect(behind, "127.0.0.1");
      for (const end of [socket, onward]) {
        this.#sockets.add(end);
        end.on("error", () => end.destroy());
        end.on("close", () => {
          for (const other of [socket, onward]) other.destroy();
          this.#sockets.delete(end);
        });
      }
      socket.pipe(onward).pipe(socket);
    });
    this.#server.on("tlsClientError", () => undefined); // a client that does not trust us
  }

  static async listen(certificates: Certificates, behind: number): Promise<TlsFront> {
    const front = new TlsFront(certificates, behind);
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
