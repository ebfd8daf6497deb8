// An RDS instance of the sandbox: the real psql, TLS, tokens and firewalls.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { DescribeNetworkInterfacesCommand } from "@aws-sdk/client-ec2";
import { DeleteDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { Sha256 } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { createDatabase, letIn, letOut, type TestDatabase } from "../harness/database-network.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork, type IsolatedNetwork } from "./isolated-network.ts";

const LIMIT_MS = 60_000;
let sandbox: TestSandbox;
let rds: RDSClient;
let network: IsolatedNetwork;
let database: TestDatabase;
let localPort: number;
const servers: { close(): unknown }[] = [];

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rds = new RDSClient(sandbox.configuration());
  network = await createIsolatedNetwork(sandbox, "databases");
  database = await create("orders");
  await letOut(sandbox.ec2, network.bastionGroupId, database);
  await letIn(sandbox.ec2, network.bastionGroupId, database);
  await sandbox.endpoint.databases.start("orders");
  localPort = await forward(network.instanceId, database);
}, OPEN_LIMIT_MS + LIMIT_MS);

afterAll(async () => {
  for (const server of servers) server.close();
  rds.destroy();
  await sandbox.close();
}, LIMIT_MS);

function create(identifier: string, engine?: string): Promise<TestDatabase> {
  const request = { ec2: sandbox.ec2, rds, vpcId: network.vpcId, identifier };
  return createDatabase(engine === undefined ? request : { ...request, engine });
}

/** A local port whose connections go where the bastion's would. */
async function forward(instanceId: string, { address, port }: TestDatabase): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    sandbox.endpoint.instances.connectFrom(instanceId, address, port).then(
      (stream) => {
        pipeline(socket, stream, () => undefined);
        pipeline(stream, socket, () => undefined);
      },
      () => socket.destroy(),
    );
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly sslmode?: string;
  readonly host?: string;
}

function words(sql: string, { user = "demo_admin", ...rest }: Login): string[] {
  const { sslmode = "verify-full", host = database.address } = rest;
  const root = sandbox.endpoint.databases.certificateAuthority.file;
  const target = `host=${host} hostaddr=127.0.0.1 port=${localPort} user=${user} dbname=shop sslmode=${sslmode}`;
  const statements = sql.split(";").flatMap((statement) => ["-c", statement]);
  return ["-X", "-A", "-t", "-w", ...statements, `${target} sslrootcert=${root}`];
}

async function psql(sql: string, login: Login): Promise<string> {
  const environment = { ...process.env, PGPASSWORD: login.password ?? "", PGCONNECT_TIMEOUT: "20" };
  return (await promisify(execFile)("psql", words(sql, login), { env: environment })).stdout.trim();
}

interface TokenOptions {
  readonly user?: string;
  readonly credentials?: Credentials;
  readonly host?: string;
  readonly expiresIn?: number;
  readonly signingDate?: Date;
  readonly service?: string;
}

/** As the AWS CLI's `rds generate-db-auth-token` makes it. */
async function token(options: TokenOptions = {}): Promise<string> {
  const { user = "demo_admin", credentials = sandbox.shared.deployer, expiresIn = 900 } = options;
  const { host = database.address, signingDate = new Date(), service = "rds-db" } = options;
  const { region } = sandbox.shared;
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const hostname = `${host}:${database.port}`;
  const { query = {} } = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname,
      path: "/",
      headers: { host: hostname },
      query: { Action: "connect", DBUser: user },
    },
    { expiresIn, signingDate },
  );
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return `${hostname}/?${pairs.join("&")}`;
}

describe("an RDS instance", () => {
  it("lets the master user in with a token, over TLS that is verified in full", async () => {
    expect(await psql("select current_user", { password: await token() })).toBe("demo_admin");
  });

  it("is the real PostgreSQL: what is written stays", async () => {
    const password = await token();
    await psql("create table items (id int); insert into items values (1), (2)", { password });
    expect(await psql("select count(*) from items", { password })).toBe("2");
  });

  it("refuses a connection without TLS", async () => {
    await expect(psql("select 1", { password: await token(), sslmode: "disable" })).rejects.toThrow(/no encryption/);
  });

  it("shows a certificate for its own name only", async () => {
    await expect(psql("select 1", { password: await token(), host: "other.internal" })).rejects.toThrow(
      /does not match host name/,
    );
  });

  it.each<[string, () => TokenOptions]>([
    ["of another user", () => ({ user: "somebody" })],
    ["for another host", () => ({ host: "other.internal" })],
    ["of another service", () => ({ service: "s3" })],
    ["that has expired", () => ({ signingDate: new Date(Date.now() - 16 * 60_000) })],
    ["that would last longer than 15 minutes", () => ({ expiresIn: 901 })],
    ["signed with a wrong key", () => ({ credentials: { ...sandbox.shared.deployer, secretAccessKey: "wrong" } })],
  ])("refuses a token %s", async (_what, options) => {
    const login = { password: await token(options()) };
    await expect(psql("select 1", login)).rejects.toThrow(/PAM authentication failed for user "demo_admin"/);
  });

  it("lets in whom IAM allows rds-db:connect as that user, and nobody else", async () => {
    const resource = `arn:aws:rds-db:*:*:dbuser:${database.resourceId}`;
    const statement = { Effect: "Allow", Action: "rds-db:connect", Resource: `${resource}/demo_admin` };
    const allowed = await sandbox.createUser("database-allowed", [statement]);
    const denied = await sandbox.createUser("database-denied", [{ ...statement, Resource: `${resource}/other` }]);
    expect(await psql("select 1", { password: await token({ credentials: allowed }) })).toBe("1");
    const refused = psql("select 1", { password: await token({ credentials: denied }) });
    await expect(refused).rejects.toThrow(/PAM authentication failed/);
  });

  it("checks a password of PostgreSQL's own for a user without the role rds_iam", async () => {
    await psql("create role plain login password 'correct horse'", { password: await token() });
    expect(await psql("select current_user", { user: "plain", password: "correct horse" })).toBe("plain");
    const refused = psql("select 1", { user: "plain", password: await token({ user: "plain" }) });
    await expect(refused).rejects.toThrow(/password authentication failed/);
  });

  it("keeps RDS's own superuser to itself", async () => {
    const refused = psql("select 1", { user: "rdsadmin", password: await token({ user: "rdsadmin" }) });
    await expect(refused).rejects.toThrow(/pg_hba.conf rejects connection/);
  });

  it("cancels a query when the client asks, on a connection of its own", async () => {
    const environment = { ...process.env, PGPASSWORD: await token() };
    const sleeping = spawn("psql", [...words("select 'asleep'; select pg_sleep(60)", {})], { env: environment });
    let said = "";
    sleeping.stderr.on("data", (text) => (said += String(text)));
    await once(sleeping.stdout, "data"); // it has come to the sleep
    sleeping.kill("SIGINT");
    await once(sleeping, "close");
    expect(said).toContain("canceling statement due to user request");
  });
});

describe("the way to a database", () => {
  it("fails with ENOTFOUND for a name of RDS that belongs to nobody", async () => {
    const dialing = sandbox.endpoint.instances.connectFrom(network.instanceId, "gone.x.rds.amazonaws.com", 5432);
    await expect(dialing).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  it("fails with ECONNREFUSED at another port", async () => {
    await letOut(sandbox.ec2, network.bastionGroupId, { ...database, port: 5433 });
    const dialing = sandbox.endpoint.instances.connectFrom(network.instanceId, database.address, 5433);
    await expect(dialing).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("gives each database a resource id of its own", async () => {
    const other = await create("other-id", "mysql");
    expect(other.resourceId).toMatch(/^db-[A-Z0-9]{26}$/);
    expect(other.resourceId).not.toBe(database.resourceId);
  });

  it("goes with the database, and leaves nothing in its subnet", async () => {
    const gone = await create("deleted", "mysql");
    await letOut(sandbox.ec2, network.bastionGroupId, gone);
    await letIn(sandbox.ec2, network.bastionGroupId, gone);
    const dial = (): Promise<unknown> =>
      sandbox.endpoint.instances.connectFrom(network.instanceId, gone.address, gone.port);
    const interfaces = async (): Promise<number | undefined> => {
      const Filters = [{ Name: "group-id", Values: [gone.groupId] }];
      return (await sandbox.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces?.length;
    };
    await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(await interfaces()).toBe(1);
    const deletion = { DBInstanceIdentifier: gone.identifier, SkipFinalSnapshot: true };
    await rds.send(new DeleteDBInstanceCommand(deletion));
    await expect(dial()).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect(await interfaces()).toBe(0);
  });

  it("hears nothing from a database whose group admits nobody", async () => {
    const closed = await create("closed");
    await letOut(sandbox.ec2, network.bastionGroupId, closed);
    const dialing = sandbox.endpoint.instances.connectFrom(network.instanceId, closed.address, closed.port);
    const silence = new Promise((resolve) => setTimeout(resolve, 1_000, "silence"));
    await expect(Promise.race([dialing, silence])).resolves.toBe("silence");
    dialing.catch(() => undefined); // it ends with the sandbox
  });
});
