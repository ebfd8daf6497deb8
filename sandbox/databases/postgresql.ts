// A PostgreSQL cluster of the sandbox's own: the system's server, on a unix socket that nobody else can open.
import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { promisify } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";
import { sleep, type Clock } from "../../session-manager/clock.ts";
import { logTail, openLog } from "../program.ts";
import { findPostgresql, type PostgresqlPrograms } from "./postgresql-programs.ts";

export interface PostgresqlOptions {
  readonly clock: Clock;
  /** Run on the new cluster by its superuser, one line a statement or more. */
  readonly sql?: string;
  /**
   * Lines of pg_hba.conf for everybody but the superuser.
   *
   * @default - everybody who reaches the socket is believed
   */
  readonly accessRules?: readonly string[];
}

/** A running cluster. */
export interface Postgresql {
  /** Folder of its socket, as `psql "host=…"` takes it. */
  readonly socketDirectory: string;
  /** Leader of its process group. */
  readonly processId: number;
  /** A connection to it, before the first message. */
  connect(): Promise<Socket>;
  /** Ends it, and removes all that it had; may be called again. */
  close(): Promise<void>;
}

/** RDS's own superuser has this name too, and customers cannot log in as it. */
export const SUPERUSER = "rdsadmin";

/** Part of the socket's name, and nothing more: the server has no TCP port. */
const PORT = 5432;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;
const POLL_MS = 20;

/**
 * Ends the server when standard input does, and removes what it had, so that nothing outlives this process, however that
 * one ends.
 *
 * The server is started in the background, where a shell has no say in what it does with signals.
 */
const GUARD = `"$@" & read -r _; kill -INT $! 2>/dev/null; wait $!; rm -rf "$0"`;

/** Durability is for those who keep their data. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "50",
  shared_buffers: "16MB",
  unix_socket_permissions: "0700",
};

/**
 * Makes a cluster and starts it; about 2 s.
 *
 * PostgreSQL refuses to run as root. There it runs as `postgres`, or `nobody` where there is no such user.
 *
 * @throws UserError (69) when there is no PostgreSQL, or it does not start
 */
export async function startPostgresql(options: PostgresqlOptions): Promise<Postgresql> {
  const programs = await findPostgresql();
  const owner = await unprivilegedOwner();
  // Its own folder in the temporary one: a socket's path is short, and another user cannot get into a private folder.
  const directory = mkdtempSync(join(tmpdir(), "pg-"));
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const cluster = new Cluster(directory, owner, options.clock);
  try {
    await cluster.initialize(programs, options);
    return await cluster.start(programs);
  } catch (cause) {
    const log = logTail(cluster.logPath);
    await cluster.close();
    if (cause instanceof UserError) throw cause;
    const { stderr, message } = cause as { stderr?: string; message?: string };
    throw new UserError("cannot start PostgreSQL: it ended, or did not answer in time", {
      hint: `${stderr ?? message ?? ""}\n${log}`.trim(),
      exitCode: ExitCode.Unavailable,
      cause,
    });
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

class Cluster implements Postgresql {
  readonly socketDirectory: string;
  readonly logPath: string;
  readonly #owner: Owner | undefined;
  readonly #clock: Clock;
  readonly #data: string;
  #guard: ChildProcessByStdio<Writable, null, null> | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(directory: string, owner: Owner | undefined, clock: Clock) {
    this.socketDirectory = directory;
    this.logPath = join(directory, "postgresql.log");
    this.#data = join(directory, "data");
    this.#owner = owner;
    this.#clock = clock;
  }

  get processId(): number {
    return this.#guard?.pid ?? 0;
  }

  async initialize({ initdb, postgres }: PostgresqlPrograms, options: PostgresqlOptions): Promise<void> {
    const words = ["-D", this.#data, "-U", SUPERUSER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
    await promisify(execFile)(initdb, words, { ...this.#owner, cwd: this.socketDirectory, env: this.#environment() });
    const { accessRules = ["local all all trust"], sql = "" } = options;
    this.#write("pg_hba.conf", [`local all ${SUPERUSER} trust`, ...accessRules, ""].join("\n"));
    const settings = { ...SETTINGS, unix_socket_directories: this.socketDirectory };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
    this.#write("postgresql.auto.conf", `${lines.join("\n")}\n`);
    await this.#execute(postgres, sql);
  }

  /** The server's single-user mode: no socket, no client program. A blank line ends a statement there (-j). */
  async #execute(postgres: string, sql: string): Promise<void> {
    if (sql === "") return;
    const running = promisify(execFile)(postgres, ["--single", "-j", "-D", this.#data, "postgres"], {
      ...this.#owner,
      cwd: this.socketDirectory,
      env: this.#environment(),
    });
    running.child.stdin?.end(`${sql}\n\n`);
    const { stderr } = await running;
    if (/^.*(ERROR|FATAL):/m.test(stderr)) throw new TypeError(`cannot run the SQL of a new cluster: ${stderr}`);
  }

  async start({ postgres }: PostgresqlPrograms): Promise<this> {
    const log = openLog(this.logPath);
    const guard = spawn(
      "/bin/sh",
      ["-c", GUARD, this.socketDirectory, postgres, "-D", this.#data, "-p", String(PORT)],
      {
        ...this.#owner,
        cwd: "/",
        env: this.#environment(),
        stdio: ["pipe", log, log],
        detached: true, // Ctrl-C in the terminal is for us: we stop it when what needs it has ended
      },
    ) as ChildProcessByStdio<Writable, null, null>;
    closeSync(log);
    this.#guard = guard;
    this.#ended = new Promise((resolve) => {
      guard.once("close", resolve);
      guard.once("error", resolve);
    });
    await this.#untilItAnswers();
    return this;
  }

  connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: join(this.socketDirectory, `.s.PGSQL.${PORT}`), allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(socket);
      });
    });
  }

  async close(): Promise<void> {
    this.#guard?.stdin.destroy();
    const callOff = this.#clock.schedule(STOP_LIMIT_MS, () => this.#guard?.kill("SIGKILL"));
    await this.#ended;
    callOff();
    rmSync(this.socketDirectory, { recursive: true, force: true });
  }

  /** The server says in its log when it is ready; it has no other way to tell. */
  async #untilItAnswers(): Promise<void> {
    const deadlineMs = this.#clock.now() + START_LIMIT_MS;
    for (;;) {
      const log = logTail(this.logPath);
      if (log.includes("database system is ready to accept connections")) return;
      if (log.includes("FATAL:") || this.#clock.now() >= deadlineMs) throw new TypeError(log);
      await sleep(POLL_MS, this.#clock);
    }
  }

  #write(name: string, content: string): void {
    writeFileSync(join(this.#data, name), content); // initdb has made the file, so it stays its owner's
  }

  #environment(): NodeJS.ProcessEnv {
    const { PATH = "" } = process.env;
    return { PATH, LC_ALL: "C", HOME: this.socketDirectory };
  }
}

/** Whom to run as; undefined where we are an ordinary user. */
async function unprivilegedOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const ids = await Promise.all(["-u", "-g"].map((which) => numericId(which, name)));
    const [uid, gid] = ids;
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new UserError("cannot start PostgreSQL: it refuses to run as root, and there is no user to run it as", {
    hint: "run the sandbox as an ordinary user",
    exitCode: ExitCode.Unavailable,
  });
}

async function numericId(which: string, name: string): Promise<number | undefined> {
  try {
    return Number((await promisify(execFile)("id", [which, name])).stdout);
  } catch {
    return undefined;
  }
}
