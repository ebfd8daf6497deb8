// Each scenario of the stacks in the sandbox, several at once: applied, registered, unchanged in a second plan, destroyed.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  CreateSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateDocumentCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { terraformEnvironment } from "../../sandbox/deploy.ts";
import { sandboxEnvironment } from "../../sandbox/desk/environment-file.ts";
import { startEndpoint, startMoto, type Endpoint, type Moto } from "../../sandbox/sandbox.ts";
import { findProviderMirror, terraformPlatform } from "../../sandbox/terraform/provider-mirror.ts";
import { systemClock as clock } from "../../session-manager/clock.ts";
import { scenarios, type Scenario } from "../checkov/scenarios.ts";
import { createCompanyNetwork } from "../harness/company-network.ts";
import { inventory } from "../harness/inventory.ts";
import { Person } from "../harness/run-command.ts";
import { live, soundLife, type Life } from "../harness/scenario-life.ts";
import { OPEN_LIMIT_MS } from "../harness/test-sandbox.ts";

const projectDirectory = dirname(dirname(import.meta.dirname));
const region = "eu-central-1";
/** Of all of them, on a computer that does much else. */
const LIMIT_MS = 720_000;
/** PostgreSQL is made when it is first reached. */
const TUNNEL_LIMIT_MS = 120_000;
/** Terraform mostly waits for the provider, which waits between its looks. */
const AT_ONCE = 4;

const shipped = JSON.parse(readFileSync(join(projectDirectory, "dev.tfvars.json"), "utf8")) as object;
/** Those that look at one more stack of an app that lives already have no life of their own. */
const all = scenarios(shipped).filter(({ stack }) => stack === undefined);

describe("the scenarios", () => {
  let directory: string;
  let moto: Moto;
  let endpoint: Endpoint;
  let before: readonly string[];
  let lives: ReadonlyMap<string, Promise<Life>>;
  const person = new Person();

  beforeAll(async () => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), "scenarios-"));
    const environments = join(projectDirectory, ".sandbox");
    moto = await startMoto({ directory: environments, logDirectory: directory, projectDirectory, region, clock });
    endpoint = await startEndpoint({ moto, credentials: moto.deployer, directory, region, clock, sshServer: "ssh2" });
    const found = await surroundings(endpoint);
    before = await inventory(endpoint);
    lives = liveSome(all, async (scenario, number) => {
      const application = `scenario-${number}`;
      const own = join(directory, application);
      const settings = inSurroundings(withImport({ ...scenario.settings, tag_application: application }), found);
      const trial = trialOf(settings, application);
      if ("session_preferences" in settings) await changePreferences(endpoint);
      return live({
        ...scenario,
        settings,
        endpoint,
        person,
        directory: own,
        environment: environment(endpoint),
        trial,
      });
    });
  }, OPEN_LIMIT_MS);

  afterAll(async () => {
    await Promise.allSettled(lives.values());
    await endpoint.close();
    await moto.close();
    person.leave();
    rmSync(directory, { recursive: true });
  }, LIMIT_MS);

  it.each(all.map(({ name }) => name))(
    "%s can be applied, registers, has no change in a second plan, and can be destroyed",
    async (name) => {
      expect(await lives.get(name)).toEqual(soundLife);
    },
    LIMIT_MS,
  );

  it(
    "leave nothing behind",
    async () => {
      await Promise.allSettled(lives.values());
      expect(await inventory(endpoint)).toEqual(before);
    },
    LIMIT_MS,
  );

  /** What somebody would do with what the settings switch on. */
  function trialOf(settings: object, application: string): (() => Promise<string[]>) | undefined {
    if ("database_demo" in settings) return () => logInToDatabase(application);
    return "session_preferences" in settings ? () => openShell(application) : undefined;
  }

  /** Encrypted, and logged to an encrypted group and bucket: the bastion must reach KMS, CloudWatch Logs and S3 for it. */
  async function openShell(application: string): Promise<string[]> {
    const ec2 = new EC2Client({ endpoint: endpoint.url, region, credentials: endpoint.deployer });
    const Filters = [{ Name: "tag:Name", Values: [`${application}-dev-bastion-host`] }];
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters }));
    ec2.destroy();
    const instanceId = Reservations?.[0]?.Instances?.[0]?.InstanceId ?? "";
    const shell = join(projectDirectory, "scripts", "shell.ts");
    const options = { environment: environment(endpoint), timeLimitMs: TUNNEL_LIMIT_MS };
    const command = await person.run(shell, [instanceId, "--", "echo here"], options);
    const typed = await person.run(shell, [instanceId], { ...options, input: "echo $((6 * 7))\nexit\n" });
    const logs = await giveUpLogs(endpoint, application);
    return [
      ...(logs > 0 ? [] : ["no log of the shell is in the bucket"]),
      ...(command.status === 0 && command.stdout === "here\n" ? [] : [JSON.stringify(command)]),
      ...(typed.status === 0 && typed.stdout.includes("42") ? [] : [JSON.stringify(typed)]),
    ];
  }

  /** As README.md says: with the tunnel, real psql and an IAM token, through the bastion alone. */
  async function logInToDatabase(application: string): Promise<string[]> {
    const tunnel = join(projectDirectory, "scripts", "tunnel.ts");
    const names = ["--bastion", `${application}-dev-bastion-host`, "--rds", `${application}-dev-database`];
    const query = 'psql -X -A -t -c "select current_user, current_database(), 6 * 7"';
    const words = [...names, "--local-port", "0", "--db-user", "demo_admin", "--exec", query];
    const PGSSLROOTCERT = endpoint.databases.certificateAuthority.file;
    const outcome = await person.run(tunnel, words, {
      environment: { ...environment(endpoint), PGSSLROOTCERT },
      timeLimitMs: TUNNEL_LIMIT_MS,
    });
    return outcome.status === 0 && outcome.stdout === "demo_admin|demo|42\n" ? [] : [JSON.stringify(outcome)];
  }

  function environment({ url, deployer }: Endpoint): Record<string, string> {
    const platform = terraformPlatform(process.platform, process.arch);
    const mirror = findProviderMirror({ environment: process.env, home: homedir(), platform });
    return sandboxEnvironment(
      {},
      {
        AWS_ENDPOINT_URL: url,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: deployer.accessKeyId,
        AWS_SECRET_ACCESS_KEY: deployer.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: "true",
        ...terraformEnvironment(directory, region, mirror),
      },
    );
  }
});

/** S3 keeps a bucket that holds logs, and so does Terraform; whoever means it empties it. Returns how many there were. */
async function giveUpLogs({ url, deployer }: Endpoint, application: string): Promise<number> {
  const s3 = new S3Client({ endpoint: url, region, credentials: deployer, forcePathStyle: true });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const Bucket = Buckets.map(({ Name = "" }) => Name).find((name) => name.startsWith(`${application}-dev-sessions-`));
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  const Objects = Versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
  if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  s3.destroy();
  return Objects.length;
}

/** Starts some at a time, each as soon as another has ended. */
function liveSome(
  wanted: readonly Scenario[],
  start: (scenario: Scenario, number: number) => Promise<Life>,
): ReadonlyMap<string, Promise<Life>> {
  const lanes = Array.from({ length: AT_ONCE }, () => Promise.resolve<unknown>(undefined));
  return new Map(
    wanted.map((scenario, index) => {
      const lane = index % AT_ONCE;
      const life = (lanes[lane] ?? Promise.resolve()).then(() => start(scenario, index));
      lanes[lane] = life.catch(() => undefined);
      return [scenario.name, life];
    }),
  );
}

/** What the scenarios name, and somebody else has made: by the name that stands in them, the one that it has here. */
async function surroundings({ url, deployer }: Endpoint): Promise<Readonly<Record<string, string>>> {
  const configuration = { endpoint: url, region, credentials: deployer };
  const s3 = new S3Client({ ...configuration, forcePathStyle: true });
  const ec2 = new EC2Client(configuration);
  const where = { LocationConstraint: region } as const;
  const Bucket = "company-access-logs";
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: where }));
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: logDelivery(Bucket) }));
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const group = { GroupName: "cache", Description: "A cache", VpcId: Vpcs[0]?.VpcId };
  const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand(group));
  const { vpcId, subnetIds, endpointIds } = await createCompanyNetwork(ec2, region);
  for (const client of [s3, ec2]) client.destroy();
  return {
    "sg-0123456789abcdef0": GroupId,
    "vpc-0123456789abcdef0": vpcId,
    "subnet-0123456789abcdef0": subnetIds[0],
    "vpce-0123456789abcdef0": endpointIds.ssm,
    "vpce-0123456789abcdef1": endpointIds.ssmmessages,
  };
}

/** What the console makes when somebody changes a preference there. */
async function changePreferences({ url, deployer }: Endpoint): Promise<void> {
  const ssm = new SSMClient({ endpoint: url, region, credentials: deployer });
  const Content = JSON.stringify({
    schemaVersion: "1.0",
    description: "Document to hold regional settings for Session Manager",
    sessionType: "Standard_Stream",
    inputs: { idleSessionTimeout: "60" },
  });
  const Name = "SSM-SessionManagerRunShell";
  await ssm.send(new CreateDocumentCommand({ Name, Content, DocumentType: "Session", DocumentFormat: "JSON" }));
  ssm.destroy();
}

/** Takes over the preferences that there are: not in the scenario itself, because Checkov cannot read an import in JSON. */
function withImport(settings: object): object {
  if (!("session_preferences" in settings)) return settings;
  const preferences = settings.session_preferences as object;
  return { ...settings, session_preferences: { ...preferences, import_existing: true } };
}

/** What S3 itself needs in order to write access logs. */
function logDelivery(bucket: string): string {
  const statement = {
    Effect: "Allow",
    Principal: { Service: "logging.s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `arn:aws:s3:::${bucket}/*`,
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

function inSurroundings(settings: object, found: Readonly<Record<string, string>>): object {
  const text = Object.entries(found).reduce((all, [name, own]) => all.replaceAll(name, own), JSON.stringify(settings));
  return JSON.parse(text) as object;
}
