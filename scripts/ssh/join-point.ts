// Where the ProxyCommand arrives: a socket in a private directory that takes one connection.
import { type Server, type Socket, createServer } from "node:net";
import { once } from "node:events";

/** A socket that waits for ssh. */
export class JoinPoint {
  readonly #server: Server;
  /** The connection; never settles when nobody comes. */
  readonly connection: Promise<Socket>;

  private constructor(server: Server) {
    this.#server = server;
    this.connection = new Promise((resolve) => {
      server.once("connection", (socket) => {
        server.close(); // a session carries one connection
        resolve(socket);
      });
    });
  }

  /** Listens at `path`, which must lie in a private directory. */
  static async listen(path: string): Promise<JoinPoint> {
    // Half-open: sshd's last words are still on their way when ssh has said its own.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const joinPoint = new JoinPoint(server);
    server.listen(path);
    await once(server, "listening");
    return joinPoint;
  }

  close(): void {
    this.#server.close();
  }
}
