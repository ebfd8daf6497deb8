// PostgreSQL itself, as the sandbox runs it.
import { existsSync } from "node:fs";
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startPostgresql, SUPERUSER, type Postgresql } from "../../../sandbox/databases/postgresql.ts";
import { findPostgresql } from "../../../sandbox/databases/postgresql-programs.ts";
import { processStartMark } from "../../../scripts/platform/process-start.ts";
import { systemClock } from "../../../session-manager/clock.ts";

const LIMIT_MS = 60_000;

function psql({ socketDirectory }: Postgresql, user: string, sql: string): Promise<{ stdout: string }> {
  const connection = `host=${socketDirectory} user=${user} dbname=postgres`;
  return promisify(execFile)("psql", ["-X", "-A", "-t", "-c", sql, connection]);
}

describe("findPostgresql()", () => {
  it("fails with 69 and how to get one where there is none", async () => {
    await expect(findPostgresql(() => false)).rejects.toMatchObject({
      exitCode: 69,
      hint: expect.stringContaining("apt-get install postgresql"),
    });
  });

  it("takes initdb and postgres of the same version", async () => {
    const { initdb, postgres } = await findPostgresql();
    expect(dirname(initdb)).toBe(dirname(postgres));
  });
});

describe("startPostgresql()", () => {
  let postgresql: Postgresql;
  beforeAll(async () => {
    postgresql = await startPostgresql({
      clock: systemClock,
      sql: "create role app login;",
      accessRules: ["local all app trust"],
    });
  }, LIMIT_MS);
  afterAll(() => postgresql.close(), LIMIT_MS);

  it("answers the system's psql on its socket", async () => {
    expect((await psql(postgresql, SUPERUSER, "select 6 * 7")).stdout.trim()).toBe("42");
  });

  it("has run the SQL it was given, and admits whom its access rules name", async () => {
    expect((await psql(postgresql, "app", "select current_user")).stdout.trim()).toBe("app");
  });

  it("refuses whom no access rule names", async () => {
    await expect(psql(postgresql, "stranger", "select 1")).rejects.toThrow(/no pg_hba.conf entry/);
  });

  it("listens on no TCP port", async () => {
    expect((await psql(postgresql, SUPERUSER, "show listen_addresses")).stdout.trim()).toBe("");
  });

  it(
    "leaves no process and no file when it is closed",
    async () => {
      const other = await startPostgresql({ clock: systemClock });
      const { processId, socketDirectory } = other;
      await other.close();
      expect(await processStartMark(processId, process.platform)).toBeUndefined();
      expect(existsSync(socketDirectory)).toBe(false);
    },
    LIMIT_MS,
  );
});

it(
  "fails with what PostgreSQL has said about wrong SQL",
  async () => {
    const starting = startPostgresql({ clock: systemClock, sql: "create rule;" });
    await expect(starting).rejects.toMatchObject({ exitCode: 69, hint: expect.stringContaining("syntax error") });
  },
  LIMIT_MS,
);
