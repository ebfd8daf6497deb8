// What tunnel.ts refuses, and what it says then.
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { letOut, type TestDatabase } from "../harness/database-network.ts";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { TUNNEL_LIMIT_MS, TunnelJourney } from "./tunnel-journey.ts";

/** What `--rds` needs; docs/permissions.md says what for. */
const NEEDED = [
  "ec2:DescribeInstances",
  "ec2-instance-connect:SendSSHPublicKey",
  "rds:DescribeDBClusters",
  "rds:DescribeDBInstances",
  "ssm:StartSession",
  "ssmmessages:OpenDataChannel",
];
/** Needed only where there is an Aurora cluster, and another test may have made one. */
const WITH_CLUSTERS = "rds:DescribeDBSubnetGroups";

let sandbox: TestSandbox;
let journey: TunnelJourney;
let closed: TestDatabase;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  journey = new TunnelJourney(sandbox);
  closed = await journey.createDatabase("closed");
}, OPEN_LIMIT_MS + TUNNEL_LIMIT_MS);

afterAll(async () => {
  journey.leave();
  await sandbox.close();
}, TUNNEL_LIMIT_MS);

describe("tunnel.ts refuses", () => {
  it(
    "with 69 a database that the bastion's rules do not admit, and names the settings' entry",
    async () => {
      const outcome = await journey.run(["--rds", "closed", "--local-port", "0"]);
      expect(outcome).toMatchObject({ status: 69, stdout: "" });
      expect(outcome.stderr).toMatch(/its security group "sg-\w+" has no egress rule for TCP 5432 to closed\./);
      const entry = `{"name":"closed","host":"${closed.address}","port":5432,"security_group_id":"${closed.groupId}"}`;
      expect(outcome.stderr).toContain(entry);
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "with 69 a database whose own group admits nobody, and names the command that adds the rule",
    async () => {
      const half = await journey.createDatabase("half");
      const { bastionGroupId } = await journey.network();
      await letOut(sandbox.ec2, bastionGroupId, half);
      const outcome = await journey.run(["--rds", "half", "--local-port", "0"]);
      expect(outcome.status).toBe(69);
      expect(outcome.stderr).toContain(
        `--group-id ${half.groupId} --protocol tcp --port 5432 --source-group ${bastionGroupId}`,
      );
    },
    TUNNEL_LIMIT_MS,
  );

  it.each(NEEDED)(
    "with 77 whoever lacks %s, by its name",
    async (missing) => {
      const open = await journey.createOpenDatabase("open-to-all");
      // Ending a session that came to nothing is a courtesy; without it the session would outlive the test.
      const Action = [...NEEDED.filter((action) => action !== missing), WITH_CLUSTERS, "ssm:TerminateSession"];
      const name = `tunnel-without-${missing.replace(":", "-")}`;
      const credentials = await sandbox.createUser(name, [{ Effect: "Allow", Action, Resource: "*" }]);
      const outcome = await journey.run(["--rds", open.identifier, "--local-port", "0"], { credentials });
      expect(outcome.status).toBe(77);
      expect(outcome.stderr).toMatch(new RegExp(`error: cannot .*${missing}`));
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "a token's user who lacks rds-db:connect: psql hears it from the database, and its status is tunnel's",
    async () => {
      const open = await journey.createOpenDatabase("open-to-all");
      await sandbox.endpoint.databases.start(open.identifier);
      const words = ["--rds", open.identifier, "--local-port", "0", "--db-user", "demo_admin", "--exec"];
      const select = (credentials: Credentials) =>
        journey.run([...words, "psql -X -A -t -d postgres -c 'select 1'"], { credentials });
      const policy = (Action: readonly string[]): object[] => [{ Effect: "Allow", Action, Resource: "*" }];
      const without = await sandbox.createUser("tunnel-without-rds-db", policy([...NEEDED, WITH_CLUSTERS]));
      const refused = await select(without);
      expect(refused.stderr).toContain('PAM authentication failed for user "demo_admin"');
      expect(refused.status).toBe(2);
      await sandbox.allow("tunnel-without-rds-db", policy([...NEEDED, WITH_CLUSTERS, "rds-db:connect"]));
      await expect(select(without)).resolves.toMatchObject({ status: 0, stdout: "1\n" });
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "with 66 a database that there is not",
    async () => {
      const outcome = await journey.run(["--rds", "clsoed", "--local-port", "0"]);
      expect(outcome.status).toBe(66);
      expect(outcome.stderr).toContain('hint: did you mean "closed"?');
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "with 71 a local port that is taken, before any session is started, and offers a free one",
    async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const before = sandbox.endpoint.sessions.list().length;
      const outcome = await journey.run(["--to", "localhost:22", "--local-port", String(port)]);
      server.close();
      expect(outcome.status).toBe(71);
      expect(outcome.stderr).toMatch(new RegExp(`cannot listen on port ${port} of "127.0.0.1": .+ has it`));
      expect(outcome.stderr).toMatch(/hint: this one is free: --local-port \d+/);
      expect(sandbox.endpoint.sessions.list()).toHaveLength(before);
    },
    TUNNEL_LIMIT_MS,
  );

  it("with 71 an address that is not this computer's", async () => {
    const outcome = await journey.run(["--to", "localhost:22", "--local-port", "0", "--bind", "192.0.2.1"]);
    expect(outcome.status).toBe(71);
    expect(outcome.stderr).toContain("that is no address of this computer");
  });

  it(
    "with 66 to stop a tunnel that does not run, and with 64 a slip in the command line",
    async () => {
      expect(await journey.run(["--stop", "nothing"])).toMatchObject({ status: 66 });
      expect(await journey.run(["--to", "nothing"])).toMatchObject({ status: 64 });
      expect(await journey.run(["--local-port", "70000", "--to", "a:1"])).toMatchObject({ status: 64 });
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "nobody a tunnel to a port where nothing listens, but says so at the first connection",
    async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      for (const via of ["ssh", "port"]) {
        const tunnel = await journey.open(["--via", via, "--to", `localhost:${port}`, "--local-port", "0"]);
        const psql = journey.psql(`host=127.0.0.1 port=${tunnel.ports[0]} user=a dbname=a`, "select 1");
        expect((await psql).status).toBe(2);
        expect((await tunnel.end()).stderr).toMatch(/warning: .*(cannot open the connection|connection to localhost)/);
      }
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});
