// The lines that people paste, and what a hostile name does to them: nothing.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import type { DatabaseEndpoint } from "../../../scripts/command/network-ports.ts";
import {
  clientVariables,
  connectionLines,
  passwordFileContent,
  type LocalDatabase,
} from "../../../scripts/tunnel/connection-lines.ts";

function local(engine: string, own: Partial<DatabaseEndpoint> = {}, rest: Partial<LocalDatabase> = {}): LocalDatabase {
  const database = { engine, host: "orders.rds.example", port: 1, databaseName: "shop", hasTls: true, ...own };
  const given = { address: "127.0.0.1", port: 6543, user: undefined, passwordFile: undefined, ...rest };
  return { database: database as DatabaseEndpoint, ...given };
}

describe("connectionLines()", () => {
  it.each(["postgres", "aurora-postgresql"])("connects psql to %s by the true name at the local port", (engine) => {
    expect(connectionLines(local(engine, {}, { user: "app", passwordFile: "/run/p" }))).toEqual([
      'PGPASSFILE=/run/p psql "host=orders.rds.example hostaddr=127.0.0.1 port=6543 dbname=shop user=app sslmode=verify-full"',
      "jdbc:postgresql://127.0.0.1:6543/shop?sslmode=verify-ca",
    ]);
  });

  it.each(["mysql", "mariadb", "aurora-mysql", "aurora"])("connects mysql to %s", (engine) => {
    expect(connectionLines(local(engine))[0]).toBe(
      "mysql --host=127.0.0.1 --port=6543 --ssl-mode=VERIFY_CA --ssl-ca=global-bundle.pem shop",
    );
  });

  it.each(["redis", "valkey"])("connects redis-cli to %s, with TLS where the cache has it", (engine) => {
    expect(connectionLines(local(engine))).toEqual(["redis-cli -h 127.0.0.1 -p 6543 --tls --sni orders.rds.example"]);
    expect(connectionLines(local(engine, { hasTls: false }))).toEqual(["redis-cli -h 127.0.0.1 -p 6543"]);
  });

  it("has no line for an engine that it does not know", () => {
    expect(connectionLines(local("oracle-ee"))).toEqual([]);
  });

  it("gives a shell one word for a hostile database name, and libpq one value", () => {
    const hostile = `a' sslmode=disable "$(touch pwned)\`id\`\\`;
    const [line = ""] = connectionLines(local("postgres", { databaseName: hostile }));
    const echoed = execFileSync("/bin/sh", ["-c", line.replace(/^psql/, "printf %s")], { encoding: "utf8" });
    expect(echoed).toContain(String.raw`dbname='a\' sslmode=disable "$(touch pwned)` + "`id`" + String.raw`\\'`);
  });
});

describe("passwordFileContent()", () => {
  it("escapes what would end a field of .pgpass", () => {
    const content = passwordFileContent(local("postgres", {}, { user: "app" }), "host:5432/?a=b\\c");
    expect(content).toBe("orders.rds.example:6543:*:app:host\\:5432/?a=b\\\\c\n");
  });
});

describe("clientVariables()", () => {
  it("gives psql name, address and token by the environment", () => {
    expect(clientVariables(local("postgres", {}, { user: "app" }), "token")).toEqual({
      PGHOST: "orders.rds.example",
      PGHOSTADDR: "127.0.0.1",
      PGPORT: "6543",
      PGDATABASE: "shop",
      PGSSLMODE: "verify-full",
      PGUSER: "app",
      PGPASSWORD: "token",
    });
  });
});
