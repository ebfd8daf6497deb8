// Where this computer keeps PostgreSQL's server, which no distribution puts on the PATH.
import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";

/** Paths of PostgreSQL's programs. */
export interface PostgresqlPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** Folders that hold one folder for each installed version. */
const VERSIONED_PLACES = [
  { folder: "/usr/lib/postgresql", bin: "bin" }, // Debian, Ubuntu
  { folder: "/opt/homebrew/opt", bin: "bin" }, // macOS, Homebrew on Apple's processors
  { folder: "/usr/local/opt", bin: "bin" }, // macOS, Homebrew on Intel's
];
const PLAIN_PLACES = ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/usr/pgsql/bin"];

/**
 * The newest PostgreSQL server that is installed.
 *
 * @param isThere - whether a program is, and may be run
 * @throws UserError (69) that says how to get one
 */
export async function findPostgresql(isThere = isExecutable): Promise<PostgresqlPrograms> {
  const folders = [...VERSIONED_PLACES.flatMap(versions), ...(await toldByPgConfig()), ...PLAIN_PLACES];
  for (const folder of folders) {
    const programs = { initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
    if (Object.values(programs).every(isThere)) return programs;
  }
  throw new UserError("cannot start a database: there is no PostgreSQL server on this computer", {
    hint: "install it: apt-get install postgresql, dnf install postgresql-server, brew install postgresql@17",
    exitCode: ExitCode.Unavailable,
  });
}

/** Newest first; folders of other programs are no hindrance. */
function versions({ folder, bin }: (typeof VERSIONED_PLACES)[number]): string[] {
  const version = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? 0);
  try {
    const names = readdirSync(folder).filter((name) => /^(postgresql(@\d+)?|\d+)$/.test(name));
    return names.sort((one, other) => version(other) - version(one)).map((name) => join(folder, name, bin));
  } catch {
    return [];
  }
}

async function toldByPgConfig(): Promise<string[]> {
  try {
    return [(await promisify(execFile)("pg_config", ["--bindir"])).stdout.trim()];
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
