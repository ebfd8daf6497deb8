// What a tunnel does while it is up: says what is ready, keeps tokens fresh, and runs the command that it was opened for.
import { spawn } from "node:child_process";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { sleep } from "../../session-manager/clock.ts";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { printable } from "../errors/printable.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { nameOfDestination } from "./carrier.ts";
import {
  type LocalDatabase,
  clientVariables,
  connectionLines,
  familyOf,
  passwordFileContent,
} from "./connection-lines.ts";
import type { LocalListener } from "./local-listener.ts";
import type { RunningTunnel } from "./running-tunnels.ts";
import type { OpenArguments } from "./tunnel-arguments.ts";
import type { TunnelTarget } from "./tunnel-targets.ts";

/** A local port and where it leads. */
export interface Forward {
  readonly target: TunnelTarget;
  readonly listener: LocalListener;
}

export interface TunnelServiceRequest {
  readonly given: Pick<OpenArguments, "databaseUser" | "command" | "json">;
  /** How the connections are carried. */
  readonly via: "ssh" | "port";
  readonly forwards: readonly Forward[];
  readonly instance: Instance;
  readonly work: WorkDirectory;
}

/** A token lasts 15 min; whoever logs in with one finds it young. */
const TOKEN_RENEWAL_MS = 10 * 60_000;
const ANY_ADDRESS = ["0.0.0.0", "::"];
const AUTHORITIES = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem";

export class TunnelService {
  readonly #request: TunnelServiceRequest;
  readonly #context: CommandContext;

  constructor(request: TunnelServiceRequest, context: CommandContext) {
    this.#request = request;
    this.#context = context;
  }

  /** Resolves with the command's exit status; without one, rejects when the tunnel is ended. */
  async run(): Promise<number> {
    const { given, work } = this.#request;
    const { signal } = this.#context;
    await this.#writeTokens();
    const tunnel = this.#describe();
    work.note(tunnel);
    if (given.command === undefined) this.#announce(tunnel);
    const ended = new AbortController();
    const keeping = this.#keepTokens(AbortSignal.any([signal, ended.signal]));
    try {
      return given.command === undefined ? await foreverUntil(signal) : await this.#execute(given.command);
    } finally {
      ended.abort();
      await keeping;
    }
  }

  #describe(): RunningTunnel {
    const { forwards, instance, via } = this.#request;
    return {
      name: forwards.map(({ target }) => target.name).join(","),
      pid: this.#context.process.pid,
      bastion: instance.name ?? instance.instanceId,
      instanceId: instance.instanceId,
      via,
      forwards: forwards.map((forward, index) => {
        const { target, listener } = forward;
        const local = this.#localDatabase(forward, index);
        return {
          target: target.name,
          ...(target.host === undefined ? {} : { host: target.host, port: target.port }),
          localAddress: listener.address,
          localPort: listener.port,
          ...(local === undefined ? {} : { engine: local.database.engine, connect: connectionLines(local) }),
        };
      }),
    };
  }

  #announce(tunnel: RunningTunnel): void {
    const { given, forwards } = this.#request;
    const { output } = this.#context.standardStreams;
    this.#adviseOnAuthorities();
    if (given.json) output.write(`${JSON.stringify(tunnel)}\n`);
    else {
      const lines = tunnel.forwards.flatMap(({ connect = [] }) => connect);
      const ready = forwards.map(({ target, listener }) => readyLine(target, listener));
      output.write([...lines, ...ready].map((line) => `${printable(line)}\n`).join(""));
    }
    this.#context.reporter.say("Ctrl-C ends the tunnel");
  }

  /** psql looks for RDS's authorities in one file, and nobody has it at first. */
  #adviseOnAuthorities(): void {
    const { environment, home, reporter } = this.#context;
    const file = join(home, ".postgresql", "root.crt");
    const isPostgresql = this.#request.forwards.some(
      ({ target: { database } }) => database && familyOf(database) === "postgresql",
    );
    if (!isPostgresql || environment["PGSSLROOTCERT"] !== undefined || existsSync(file)) return;
    reporter.say(
      `psql checks the database's certificate with RDS's authorities: curl --create-dirs -o ${file} ${AUTHORITIES}`,
    );
  }

  #localDatabase({ target, listener }: Forward, index: number): LocalDatabase | undefined {
    const { database } = target;
    if (database === undefined) return undefined;
    const { databaseUser: user } = this.#request.given;
    const address = ANY_ADDRESS.includes(listener.address) ? "127.0.0.1" : listener.address;
    const passwordFile = this.#hasToken(target) ? this.#passwordFile(index) : undefined;
    return { database, address, port: listener.port, user: this.#hasToken(target) ? user : undefined, passwordFile };
  }

  #hasToken({ database }: TunnelTarget): boolean {
    const hasPassword = database !== undefined && ["postgresql", "mysql"].includes(familyOf(database) ?? "");
    return hasPassword && this.#request.given.databaseUser !== undefined;
  }

  #passwordFile(index: number): string {
    return join(this.#request.work.path, `password-${index}`);
  }

  async #token({ target }: Forward): Promise<string | undefined> {
    const { databaseUser: user } = this.#request.given;
    if (user === undefined || !this.#hasToken(target)) return undefined;
    const { host = "", port } = target;
    return this.#context.aws.databaseToken({ host, port, user });
  }

  /** For clients started by hand; a command gets its token in its environment. */
  async #writeTokens(): Promise<void> {
    for (const [index, forward] of this.#request.forwards.entries()) {
      const local = this.#localDatabase(forward, index);
      const token = await this.#token(forward);
      if (local === undefined || token === undefined) continue;
      const file = this.#passwordFile(index);
      writeFileSync(`${file}.new`, passwordFileContent(local, token), { mode: 0o600 });
      renameSync(`${file}.new`, file); // a client never reads half of it
    }
  }

  async #keepTokens(signal: AbortSignal): Promise<void> {
    if (this.#request.given.databaseUser === undefined) return;
    while (await this.#hasPassed(TOKEN_RENEWAL_MS, signal)) {
      await this.#writeTokens().catch((error: unknown) => {
        this.#context.reporter.warn(
          `cannot make a new token: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    }
  }

  /** False when the signal came first. */
  async #hasPassed(durationMs: number, signal: AbortSignal): Promise<boolean> {
    await sleep(durationMs, this.#context.clock, signal).catch(() => undefined);
    return !signal.aborted;
  }

  async #execute(command: string): Promise<number> {
    const { signal, environment, workingDirectory } = this.#context;
    // The person wrote it for a shell, as they would at a prompt.
    const child = spawn(command, {
      shell: true, // sh, or cmd on Windows
      stdio: "inherit",
      cwd: workingDirectory,
      env: { ...environment, ...(await this.#variables()) },
    });
    const stop = (): void => void child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, ending) => {
        signal.removeEventListener("abort", stop);
        resolve(status ?? 128 + (ending === null ? 0 : constants.signals[ending]));
      });
    });
  }

  /** TUNNEL_HOST and TUNNEL_PORT, numbered from the second target on, and what the first database's client reads. */
  async #variables(): Promise<Record<string, string>> {
    const { forwards } = this.#request;
    const variables: Record<string, string> = {};
    for (const [index, { listener }] of forwards.entries()) {
      const suffix = index === 0 ? "" : `_${index + 1}`;
      variables[`TUNNEL_HOST${suffix}`] = ANY_ADDRESS.includes(listener.address) ? "127.0.0.1" : listener.address;
      variables[`TUNNEL_PORT${suffix}`] = String(listener.port);
    }
    for (const [index, forward] of forwards.entries()) {
      const local = this.#localDatabase(forward, index);
      if (local !== undefined) return { ...variables, ...clientVariables(local, await this.#token(forward)) };
    }
    return variables;
  }
}

function readyLine({ name, host, port }: TunnelTarget, listener: LocalListener): string {
  const destination = nameOfDestination(host === undefined ? { kind: "socks" } : { kind: "host", host, port });
  const local = nameOfDestination({ kind: "host", host: listener.address, port: listener.port });
  return `ready ${local} ${name === destination ? destination : `${name} (${destination})`}`;
}

function foreverUntil(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
  });
}
