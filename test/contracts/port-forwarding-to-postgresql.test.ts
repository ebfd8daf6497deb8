// A real database behind a multiplexed port, used by its own programs.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { StartSessionCommand } from "@aws-sdk/client-ssm";
import { isPostgresqlInstalled } from "../harness/postgresql.ts";
import { SUPERUSER, startPostgresql, type Postgresql } from "../../sandbox/databases/postgresql.ts";
import { systemClock } from "../../session-manager/clock.ts";
import { openPortForwarding, type PortForwarding } from "../../session-manager/index.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";

const CONNECTIONS = 50;
const ROWS = 2_000_000; // of a bit more than 100 bytes each in a dump
const DUMP_BYTES = 200_000_000;
const LIMIT_MS = 300_000;

const run = promisify(execFile);

const describeWithPostgresql = (await isPostgresqlInstalled()) ? describe : describe.skip;

describeWithPostgresql("a PostgreSQL behind a multiplexed port", () => {
  let sandbox: TestSandbox;
  let postgresql: Postgresql;
  let forwarding: PortForwarding;
  let behind: Server;
  let local: Server;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "dump-"));
    sandbox = await openTestSandbox();
    postgresql = await startPostgresql({ clock: systemClock });
    behind = await listener(() => postgresql.connect());
    forwarding = await forwardedTo(port(behind));
    local = await listener(() => Promise.resolve(forwarding.connect()));
  }, 2 * OPEN_LIMIT_MS);

  afterAll(async () => {
    await forwarding.close();
    for (const server of [local, behind]) server.close();
    await postgresql.close();
    await sandbox.close();
    rmSync(directory, { recursive: true });
  });

  async function forwardedTo(portNumber: number): Promise<PortForwarding> {
    const { instanceId: Target } = await createIsolatedNetwork(sandbox, "postgresql");
    const { SessionId, StreamUrl, TokenValue } = await sandbox.ssm.send(
      new StartSessionCommand({
        Target,
        DocumentName: "AWS-StartPortForwardingSession",
        Parameters: { portNumber: [String(portNumber)] },
      }),
    );
    return openPortForwarding({
      ticket: { sessionId: SessionId ?? "", streamUrl: StreamUrl ?? "", tokenValue: TokenValue ?? "" },
      clock: systemClock,
      signUpgrade: () => Promise.resolve({}),
    });
  }

  /** A loopback port whose every connection is joined to one that `connect` opens. */
  async function listener(connect: () => Promise<NodeJS.ReadWriteStream>): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      void connect().then((far) => {
        for (const [from, to] of [
          [socket, far],
          [far, socket],
        ] as const)
          pipeline(from, to).catch(() => undefined);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  /** Arguments by which PostgreSQL's programs come through the session. */
  function through(database: string): string[] {
    return ["-h", "127.0.0.1", "-p", String(port(local)), "-U", SUPERUSER, "-d", database];
  }

  async function query(database: string, sql: string): Promise<string> {
    const words = ["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", ...through(database), "-c", sql];
    return (await run("psql", words)).stdout.trim();
  }

  it(
    "serves 50 psql at once, each with a backend of its own",
    async () => {
      const sql = "select pg_sleep(2); select pg_backend_pid(), length(repeat('x', 100000))";
      const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => query("postgres", sql)));
      const backends = answers.map((answer) => /^(\d+)\|100000$/m.exec(answer)?.[1]);
      expect(backends).not.toContain(undefined);
      expect(new Set(backends).size).toBe(CONNECTIONS);
    },
    LIMIT_MS,
  );

  it(
    "dumps and restores 200 MB, with equal checksums",
    async () => {
      await query("postgres", "create database original");
      await query("postgres", "create database restored");
      const rows = `select id, repeat(md5(id::text), 3) as text from generate_series(1, ${ROWS}) id`;
      await query("original", `create unlogged table t as ${rows}`);
      const file = join(directory, "dump.sql");
      await run("pg_dump", [...through("original"), "-f", file]);
      expect(statSync(file).size).toBeGreaterThan(DUMP_BYTES);
      await run("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", ...through("restored"), "-f", file]);
      const checksum = "select count(*), sum(hashtextextended(id || text, 0)) from t";
      const [original, restored] = [await query("original", checksum), await query("restored", checksum)];
      expect(original).toMatch(new RegExp(`^${ROWS}\\|-?\\d+$`));
      expect(restored).toBe(original);
    },
    LIMIT_MS,
  );
});

function port(server: Server): number {
  return (server.address() as AddressInfo).port;
}
