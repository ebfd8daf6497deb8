// Whether this computer has PostgreSQL, server and client.
import { execFileSync } from "node:child_process";
import { findPostgresql } from "../../sandbox/databases/postgresql-programs.ts";

/** Whether a test can start a server, and has psql and pg_dump. */
export async function isPostgresqlInstalled(): Promise<boolean> {
  try {
    for (const program of ["psql", "pg_dump"]) execFileSync(program, ["--version"], { stdio: "ignore" });
    await findPostgresql();
    return true;
  } catch {
    return false;
  }
}
