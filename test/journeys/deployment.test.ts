// The stack's life in the sandbox, with real Terraform and the real provider: deployed, unchanged, renewed, destroyed.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createStateBucket, deploy, destroy, terraformEnvironment, waitUntilOnline } from "../../sandbox/deploy.ts";
import { sandboxEnvironment } from "../../sandbox/desk/environment-file.ts";
import { startEndpoint, startMoto, type Endpoint, type Moto } from "../../sandbox/sandbox.ts";
import { findProviderMirror, terraformPlatform } from "../../sandbox/terraform/provider-mirror.ts";
import { systemClock as clock } from "../../session-manager/clock.ts";
import { inventory } from "../harness/inventory.ts";
import { Person, type CommandOutcome } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";

const projectDirectory = join(import.meta.dirname, "..", "..");
const region = "eu-central-1";
const TERRAFORM_LIMIT_MS = 240_000;

describe("the deployed bastion", () => {
  let sandbox: TestSandbox;
  const person = new Person();

  beforeAll(async () => {
    sandbox = await openTestSandbox();
  }, OPEN_LIMIT_MS);

  afterAll(async () => {
    await sandbox.close();
    person.leave();
  });

  it(
    "shows no change in a second plan",
    async () => {
      const { directory, deployment } = sandbox.shared;
      const plan = await person.run("terraform", ["plan", "-detailed-exitcode", "-input=false", "-no-color"], {
        workingDirectory: join(directory, "cdktf.out", "stacks", "bastion"),
        environment: { ...sandbox.environment(), ...deployment?.terraform },
        timeLimitMs: TERRAFORM_LIMIT_MS,
      });
      expect(plan.stdout).toContain("No changes.");
      expect(plan.status).toBe(0);
    },
    TERRAFORM_LIMIT_MS,
  );

  it("is online, because its network would let a real agent register", async () => {
    const [instanceId = ""] = sandbox.shared.deployment?.instanceIds ?? [];
    expect(await sandbox.endpoint.nodes.connection(instanceId)).toEqual({ connected: true });
  });
});

describe("a bastion that is renewed, and then destroyed", () => {
  const person = new Person();
  let directory: string;
  let moto: Moto;
  let endpoint: Endpoint;

  beforeAll(async () => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), "destroyed-"));
    const environments = join(projectDirectory, ".sandbox");
    moto = await startMoto({ directory: environments, logDirectory: directory, projectDirectory, region, clock });
    endpoint = await startEndpoint({ moto, credentials: moto.deployer, directory, region, clock, sshServer: "ssh2" });
    await createStateBucket(endpoint);
  }, OPEN_LIMIT_MS);

  afterAll(async () => {
    await endpoint.close();
    await moto.close();
    person.leave();
    rmSync(directory, { recursive: true });
  });

  it(
    "is another instance after `npm run roll`, leaves nothing though it was protected, and begins though an earlier sandbox kept its state elsewhere",
    async () => {
      rememberBackend(join(directory, "cdktf.out", "stacks", "bastion", ".terraform"));
      const before = await inventory(endpoint);
      const options = { projectDirectory, directory, environment: environment(endpoint, directory), clock };
      const deployment = await deploy(options);
      await waitUntilOnline(deployment, endpoint, clock);
      expect(await inventory(endpoint)).not.toEqual(before);
      const renewed = await roll(options.environment);
      expect(renewed).toMatchObject({ status: 0, stderr: expect.stringContaining("replacing bastion 1 of 1") });
      const [instanceId = ""] = await runningInstances(endpoint);
      expect(deployment.instanceIds).not.toContain(instanceId);
      await waitUntilOnline({ ...deployment, instanceIds: [instanceId] }, endpoint, clock);
      await destroy(options);
      expect(await inventory(endpoint)).toEqual(before);
    },
    3 * TERRAFORM_LIMIT_MS,
  );

  function roll(environmentOfSandbox: Readonly<Record<string, string>>): Promise<CommandOutcome> {
    const program = [join("scripts", "launcher.mjs"), join("stacks", "roll-bastions.ts"), "--auto-approve"];
    return person.run(process.execPath, program, {
      workingDirectory: projectDirectory,
      environment: environmentOfSandbox,
      timeLimitMs: TERRAFORM_LIMIT_MS,
    });
  }
});

async function runningInstances({ url, deployer }: Endpoint): Promise<string[]> {
  const ec2 = new EC2Client({ endpoint: url, region, credentials: deployer });
  const Filters = [{ Name: "instance-state-name", Values: ["running"] }];
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  ec2.destroy();
  return Reservations.flatMap(({ Instances = [] }) => Instances.flatMap(({ InstanceId }) => InstanceId ?? []));
}

/** What Terraform wrote down when it last kept its state in S3, under another name. */
function rememberBackend(terraformDirectory: string): void {
  mkdirSync(terraformDirectory, { recursive: true });
  const backend = {
    type: "s3",
    config: { bucket: "gone", key: "bastion/acme-dev.tfstate", region: "us-east-1" },
    hash: 1,
  };
  const remembered = { version: 3, terraform_version: "1.11.4", backend };
  writeFileSync(join(terraformDirectory, "terraform.tfstate"), JSON.stringify(remembered));
}

function environment({ url, deployer }: Endpoint, directory: string): Record<string, string> {
  const platform = terraformPlatform(process.platform, process.arch);
  const mirror = findProviderMirror({ environment: process.env, home: homedir(), platform });
  return sandboxEnvironment(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: deployer.accessKeyId,
    AWS_SECRET_ACCESS_KEY: deployer.secretAccessKey,
    ...terraformEnvironment(directory, region, mirror),
  });
}
