// A port of this computer: bound before anything else happens, and open for as long as the tunnel is wanted.
import { execFile } from "node:child_process";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { promisify } from "node:util";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { printable, quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

export interface ListenerRequest {
  readonly address: string;
  /** 0 is any that is free. */
  readonly port: number;
}

/** It takes connections from the beginning, and keeps them until `serve` says what becomes of them. */
export class LocalListener {
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  readonly #open = new Set<Socket>();
  #serve: ((socket: Socket) => void) | undefined;

  private constructor(server: Server) {
    const { address, port } = server.address() as AddressInfo;
    this.address = address;
    this.port = port;
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("error", () => socket.destroy());
      this.#open.add(socket);
      socket.once("close", () => this.#open.delete(socket));
      if (this.#serve === undefined) this.#waiting.push(socket);
      else this.#serve(socket);
    });
  }

  /** @throws UserError (71) that says who has the port, and names a free one */
  static async open(request: ListenerRequest): Promise<LocalListener> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: request.address, port: request.port }, resolve);
      });
    } catch (cause) {
      throw await cannotListen(request, cause);
    }
    return new LocalListener(server);
  }

  serve(serve: (socket: Socket) => void): void {
    this.#serve = serve;
    for (const socket of this.#waiting.splice(0)) if (!socket.destroyed) serve(socket);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

/** For a person; the system's own error tells what was met. */
export async function cannotListen({ address, port }: ListenerRequest, cause: unknown): Promise<UserError> {
  const failed = (met: string, hint: string): UserError =>
    new UserError(`cannot listen on port ${port} of ${quoted(address)}: ${met}`, {
      hint,
      exitCode: ExitCode.System,
      cause,
    });
  const code = errorCode(cause) ?? "";
  if (code === "EADDRINUSE") {
    const met = `${(await ownerOf(port)) ?? "another program"} has it`;
    return failed(met, `${await freePortHint(address)}\nlsof -nP -iTCP:${port} -sTCP:LISTEN shows who has it`);
  }
  if (code === "EACCES") return failed("ports below 1024 are the system's", await freePortHint(address));
  if (["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN"].includes(code))
    return failed("that is no address of this computer", "leave --bind out for 127.0.0.1");
  return failed(code, "--local-port 0 takes any port that is free");
}

async function freePortHint(address: string): Promise<string> {
  const listener = await LocalListener.open({ address, port: 0 }).catch(() => undefined);
  listener?.close();
  return listener === undefined
    ? "--local-port 0 takes any that is free"
    : `this one is free: --local-port ${listener.port}`;
}

/** E.g. `postgres (process 812)`; undefined where lsof is not there or cannot tell. */
async function ownerOf(port: number): Promise<string | undefined> {
  try {
    const words = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"];
    const { stdout } = await promisify(execFile)("lsof", words, { timeout: 2_000 });
    const [, pid] = /^p(\d+)$/m.exec(stdout) ?? [];
    const [, name] = /^c(.+)$/m.exec(stdout) ?? [];
    return pid === undefined || name === undefined ? undefined : `${printable(name)} (process ${pid})`;
  } catch {
    return undefined;
  }
}
