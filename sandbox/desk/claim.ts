// One sandbox a checkout: who holds `.sandbox/` now, and what a sandbox that was killed has left running.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";
import { processStartMark } from "../../scripts/platform/process-start.ts";

/** A process, told apart from a later one with its pid by when it began. */
interface ProcessMark {
  readonly pid: number;
  readonly startMark: string | undefined;
}

interface Record {
  readonly sandbox: ProcessMark;
  /** Leaders of the process groups that it started. */
  readonly groups: readonly ProcessMark[];
  /** For the temporary files of what it starts, which may be killed before it can remove them. */
  readonly temporary: string;
}

/** Ends a process group; handed in, so that a test kills nobody. */
export type EndGroup = (leader: number) => void;

/** The hold on `.sandbox/`, kept in a file for the next start to read. */
export class Claim {
  readonly #path: string;
  #record: Record;

  private constructor(path: string, record: Record) {
    this.#path = path;
    this.#record = record;
  }

  /**
   * Takes hold, after ending what a killed sandbox has left running.
   *
   * @throws UserError (69) while another sandbox of this checkout runs
   */
  static async take(path: string, ownPid: number, endGroup: EndGroup = killGroup): Promise<Claim> {
    const previous = read(path);
    if (previous !== undefined && (await isAlive(previous.sandbox))) {
      throw new UserError(
        `cannot start the sandbox: one of this checkout runs already, as process ${previous.sandbox.pid}`,
        {
          hint: `use it from here: . ${join(dirname(path), "env")}\nor stop it first: kill ${previous.sandbox.pid}`,
          exitCode: ExitCode.Unavailable,
        },
      );
    }
    for (const group of previous?.groups ?? []) if (await isAlive(group)) endGroup(group.pid);
    if (previous !== undefined) rmSync(previous.temporary, { recursive: true, force: true });
    // Terraform's plugins listen on unix sockets in it, whose paths must be short.
    const temporary = mkdtempSync(join(tmpdir(), "sandbox-"));
    const claim = new Claim(path, { sandbox: await markOf(ownPid), groups: [], temporary });
    claim.#write();
    return claim;
  }

  /** Notes a process group that the sandbox has started, by its leader. */
  async note(leader: number): Promise<void> {
    this.#record = { ...this.#record, groups: [...this.#record.groups, await markOf(leader)] };
    this.#write();
  }

  /** A folder for temporary files, which goes with the claim, or when the next one is taken. */
  get temporaryDirectory(): string {
    return this.#record.temporary;
  }

  release(): void {
    rmSync(this.#record.temporary, { recursive: true, force: true });
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    writeFileSync(this.#path, JSON.stringify(this.#record), { mode: 0o600 });
  }
}

async function markOf(pid: number): Promise<ProcessMark> {
  return { pid, startMark: await processStartMark(pid, process.platform) };
}

async function isAlive({ pid, startMark }: ProcessMark): Promise<boolean> {
  return startMark !== undefined && (await processStartMark(pid, process.platform)) === startMark;
}

function read(path: string): Record | undefined {
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as Partial<Record>;
    const { sandbox, groups, temporary } = record;
    return sandbox && groups && temporary ? { sandbox, groups, temporary } : undefined;
  } catch {
    return undefined; // none, or its writer was killed half-way
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}
