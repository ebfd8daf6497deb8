// Tunnels to what has more than one endpoint, or a document of its own: Aurora's clusters, ElastiCache, fixed forwardings.
import { createServer, type AddressInfo, type Server } from "node:net";
import {
  CreateCacheClusterCommand,
  CreateCacheSubnetGroupCommand,
  CreateReplicationGroupCommand,
  ElastiCacheClient,
} from "@aws-sdk/client-elasticache";
import { CreateDBClusterCommand, CreateDBInstanceCommand, CreateDBSubnetGroupCommand } from "@aws-sdk/client-rds";
import { CreateDocumentCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createDatabasePlace, letIn, letOut } from "../harness/database-network.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { ask, TUNNEL_LIMIT_MS, TunnelJourney } from "./tunnel-journey.ts";

const ANY_PORT = ["--local-port", "0"];

let sandbox: TestSandbox;
let journey: TunnelJourney;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  journey = new TunnelJourney(sandbox);
}, OPEN_LIMIT_MS);

afterAll(async () => {
  journey.leave();
  await sandbox.close();
}, TUNNEL_LIMIT_MS);

describe("tunnel --rds with an Aurora cluster", () => {
  beforeAll(() => createCluster("ledger"), TUNNEL_LIMIT_MS);

  it(
    "leads to its writer by its name and to its reader by NAME/reader, each with a token of its own",
    async () => {
      const words = ["--rds", "ledger", ...ANY_PORT, "--rds", "ledger/reader", ...ANY_PORT, "--db-user", "demo_admin"];
      const tunnel = await journey.open(words, 2);
      const lines = [...tunnel.said().matchAll(/^PGPASSFILE=(\S+) psql "(.+)"$/gm)];
      const [writer, reader] = lines.map(([, PGPASSFILE = "", connection = ""]) => ({ PGPASSFILE, connection }));
      expect(writer?.connection).toMatch(/^host=ledger\.cluster-[a-z0-9]+\.eu-central-1\.rds\.amazonaws\.com /);
      expect(reader?.connection).toMatch(/^host=ledger\.cluster-ro-[a-z0-9]+\.eu-central-1\.rds\.amazonaws\.com /);
      const run = (on: typeof writer, sql: string) =>
        journey.psql(on?.connection ?? "", sql, { PGPASSFILE: on?.PGPASSFILE ?? "" });
      expect(await run(writer, "create table entries as select 42 as amount")).toMatchObject({ status: 0 });
      expect(await run(reader, "select amount from entries")).toMatchObject({ status: 0, stdout: "42\n" });
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "ends with 77 for whoever lacks rds:DescribeDBSubnetGroups, which alone tell a cluster's VPC, by its name",
    async () => {
      const Action = ["ec2:DescribeInstances", "rds:DescribeDBClusters", "rds:DescribeDBInstances"];
      const credentials = await sandbox.createUser("tunnel-without-subnet-groups", [
        { Effect: "Allow", Action, Resource: "*" },
      ]);
      const outcome = await journey.run(["--rds", "ledger", ...ANY_PORT], { credentials });
      expect(outcome).toMatchObject({ status: 77, stdout: "" });
      expect(outcome.stderr).toContain("cannot call rds:DescribeDBSubnetGroups");
      expect(outcome.stderr).toContain("hint: ask for the permission rds:DescribeDBSubnetGroups");
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  async function createCluster(identifier: string): Promise<void> {
    const { vpcId, bastionGroupId } = await journey.network();
    const { subnetId, groupId } = await createDatabasePlace({ ec2: sandbox.ec2, vpcId, identifier });
    const subnetGroup = { DBSubnetGroupName: identifier, DBSubnetGroupDescription: "a cluster's" };
    await journey.rds.send(new CreateDBSubnetGroupCommand({ ...subnetGroup, SubnetIds: [subnetId] }));
    const { DBCluster } = await journey.rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: identifier,
        Engine: "aurora-postgresql",
        DatabaseName: "books",
        MasterUsername: "demo_admin",
        ManageMasterUserPassword: true,
        DBSubnetGroupName: identifier,
        VpcSecurityGroupIds: [groupId],
        EnableIAMDatabaseAuthentication: true,
      }),
    );
    await journey.rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: `${identifier}-1`,
        DBClusterIdentifier: identifier,
        DBInstanceClass: "db.t4g.medium",
        Engine: "aurora-postgresql",
      }),
    );
    const place = { port: DBCluster?.Port ?? 0, groupId };
    await letOut(sandbox.ec2, bastionGroupId, place);
    await letIn(sandbox.ec2, bastionGroupId, place);
    await sandbox.endpoint.databases.start(identifier);
  }
});

describe("tunnel --cache", () => {
  let elastiCache: ElastiCacheClient;
  beforeAll(() => {
    elastiCache = new ElastiCacheClient(sandbox.configuration());
  });
  afterAll(() => {
    elastiCache.destroy();
  });

  it(
    "leads to a replication group's primary and reader, and prints the line for redis-cli with TLS",
    async () => {
      const { bastionGroupId } = await journey.network();
      const place = { ...(await createPlace("sessions")), port: 6379 };
      await createReplicationGroup("sessions", place.groupId);
      await letOut(sandbox.ec2, bastionGroupId, place);
      await letIn(sandbox.ec2, bastionGroupId, place);
      const tunnel = await journey.open(
        ["--cache", "sessions", ...ANY_PORT, "--cache", "sessions/reader", ...ANY_PORT],
        2,
      );
      const [port = 0, readerPort] = tunnel.ports;
      expect(tunnel.said()).toMatch(
        new RegExp(
          `^redis-cli -h 127\\.0\\.0\\.1 -p ${port} --tls --sni master\\.sessions\\.\\S+\\.cache\\.amazonaws\\.com$`,
          "m",
        ),
      );
      expect(tunnel.said()).toMatch(
        new RegExp(`^ready 127\\.0\\.0\\.1:${readerPort} sessions/reader \\(replica\\.sessions\\.\\S+:6379\\)$`, "m"),
      );
      // The sandbox runs no Redis: that it is refused there, and by nobody before, is as far as one comes.
      await ask(port, "PING\r\n");
      await tunnel.stderrMatches(/the bastion cannot open the connection: .*/);
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "refuses with 69 a cluster whose rule is missing, and names the settings' entry",
    async () => {
      const { groupId } = await createPlace("pages");
      await elastiCache.send(
        new CreateCacheClusterCommand({
          CacheClusterId: "pages",
          Engine: "memcached",
          CacheNodeType: "cache.t4g.micro",
          NumCacheNodes: 2,
          CacheSubnetGroupName: "pages",
          SecurityGroupIds: [groupId],
        }),
      );
      const outcome = await journey.run(["--cache", "pages", ...ANY_PORT]);
      expect(outcome).toMatchObject({ status: 69, stdout: "" });
      expect(outcome.stderr).toMatch(/no egress rule for TCP 11211 to pages\..+\.cfg\..+\.cache\.amazonaws\.com/);
      expect(outcome.stderr).toContain(`"port":11211,"security_group_id":"${groupId}"}`);
    },
    TUNNEL_LIMIT_MS,
  );

  it.each([
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeCacheSubnetGroups",
  ])(
    "ends with 77 for whoever lacks %s, by its name",
    async (missing) => {
      const Action = [
        "ec2:DescribeInstances",
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeReplicationGroups",
        "elasticache:DescribeCacheSubnetGroups",
      ].filter((action) => action !== missing);
      const name = `tunnel-without-${missing.replace(":", "-")}`;
      const credentials = await sandbox.createUser(name, [{ Effect: "Allow", Action, Resource: "*" }]);
      const outcome = await journey.run(["--cache", "pages", ...ANY_PORT], { credentials });
      expect(outcome.status).toBe(77);
      expect(outcome.stderr).toContain(`cannot call ${missing}`);
    },
    TUNNEL_LIMIT_MS,
  );

  async function createPlace(identifier: string): Promise<{ readonly groupId: string }> {
    const { vpcId } = await journey.network();
    const { subnetId, groupId } = await createDatabasePlace({ ec2: sandbox.ec2, vpcId, identifier });
    const subnetGroup = { CacheSubnetGroupName: identifier, CacheSubnetGroupDescription: "a cache's" };
    await elastiCache.send(new CreateCacheSubnetGroupCommand({ ...subnetGroup, SubnetIds: [subnetId] }));
    return { groupId };
  }

  async function createReplicationGroup(identifier: string, groupId: string): Promise<void> {
    await elastiCache.send(
      new CreateReplicationGroupCommand({
        ReplicationGroupId: identifier,
        ReplicationGroupDescription: "sessions of a shop",
        Engine: "valkey",
        CacheNodeType: "cache.t4g.micro",
        NumCacheClusters: 2,
        CacheSubnetGroupName: identifier,
        SecurityGroupIds: [groupId],
        TransitEncryptionEnabled: true,
      }),
    );
  }
});

describe("tunnel --document", () => {
  let echo: Server;
  let echoPort: number;
  beforeAll(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    echoPort = (echo.address() as AddressInfo).port;
  });
  afterAll(() => {
    echo.close();
  });

  it(
    "leads where the account's own document says, for somebody who may use no other",
    async () => {
      await createDocument("Journey-OnlyEcho", { host: "127.0.0.1", portNumber: String(echoPort) });
      const { region } = sandbox.shared;
      const credentials = await sandbox.createUser("tunnel-by-document", [
        { Effect: "Allow", Action: ["ec2:DescribeInstances", "ssmmessages:*"], Resource: "*" },
        {
          Effect: "Allow",
          Action: "ssm:StartSession",
          Resource: ["arn:aws:ec2:*:*:instance/*", `arn:aws:ssm:${region}:*:document/Journey-OnlyEcho`],
        },
      ]);
      // Its own port says where a client believes to be; the document decides.
      const target = ["--to", "somewhere.internal:1234", ...ANY_PORT, "--via", "port"];
      const tunnel = await journey.open([...target, "--document", "Journey-OnlyEcho"], 1, { credentials });
      expect(await ask(tunnel.ports[0] ?? 0, "by document")).toBe("by document");
      await tunnel.end();
      const refused = await journey.run(target, { credentials });
      expect(refused.status).toBe(77);
      expect(refused.stderr).toContain("cannot call ssm:StartSession");
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "ends with the name of a document that there is not",
    async () => {
      const words = ["--to", "somewhere.internal:1234", ...ANY_PORT, "--via", "port", "--document", "AWS-StartNothing"];
      const outcome = await journey.run(words);
      expect(outcome.status).toBe(66);
      expect(outcome.stderr).toContain("AWS-StartNothing");
    },
    TUNNEL_LIMIT_MS,
  );

  async function createDocument(Name: string, fixed: Readonly<Record<string, string>>): Promise<void> {
    const properties = { ...fixed, type: "LocalPortForwarding", localPortNumber: "0" };
    const Content = JSON.stringify({ schemaVersion: "1.0", description: "one port", sessionType: "Port", properties });
    await sandbox.ssm.send(new CreateDocumentCommand({ Name, Content, DocumentType: "Session" }));
  }
});
