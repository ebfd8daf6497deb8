// Deploys the stack as everybody does, with `cdktf deploy`, real Terraform and the real AWS provider; only AWS is ours.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { ExitCode } from "../scripts/errors/exit-code.ts";
import { UserError } from "../scripts/errors/user-error.ts";
import { sleep, type Clock } from "../session-manager/clock.ts";
import { runProgram } from "./program.ts";
import type { Endpoint } from "./sandbox.ts";
import { cliConfiguration } from "./terraform/provider-mirror.ts";

export interface DeployOptions {
  /** The checkout. */
  readonly projectDirectory: string;
  /** The sandbox's directory, which exists; gets the synthesized stack, Terraform's working files and the log. */
  readonly directory: string;
  /** Whole environment of the programs: the person's, and on top what points AWS tools and Terraform at the sandbox. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told what Terraform is at. */
  readonly onProgress?: ((detail: string) => void) | undefined;
  /** Told the leader of each process group that is started, for whoever must end it should this process be killed. */
  readonly onGroup?: ((leader: number) => void) | undefined;
}

/** What the stack's outputs say. */
export interface Deployment {
  readonly instanceIds: readonly string[];
  /** The Name tag by which commands find it. */
  readonly instanceName: string;
}

const STATE_BUCKET = "isolated-bastion-sandbox-state";
const STACK = "bastion";
const CDKTF_OPTIONS = ["--auto-approve", "--skip-provider-lock"];
/** cdktf's cache below ~/.terraform.d may be the very mirror that Terraform is to install from, which it refuses. */
const CDKTF_ENVIRONMENT = { CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1", FORCE_COLOR: "0", CI: "1" };
/** Colours and cursor movements of cdktf's output. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f]/g;
/** A line of Terraform's that begins or ends the work on one resource. */
const RESOURCE_LINE = /(\S+): ((?:Creating|Destroying|Modifying|Creation complete|Destruction complete)[^[]*)/;
const ONLINE_LIMIT_MS = 60_000;
const POLL_MS = 250;

/**
 * What Terraform needs of the environment to keep its state in the sandbox, and to find its provider without a registry.
 *
 * @param mirror - folder made by `terraform providers mirror`; undefined where Terraform asks the registry
 */
export function terraformEnvironment(
  directory: string,
  region: string,
  mirror: string | undefined,
): Readonly<Record<string, string>> {
  const backend = { STATE_BUCKET, STATE_REGION: region };
  const quiet = { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" };
  if (mirror === undefined) return { ...backend, ...quiet };
  const path = join(directory, "terraform.rc");
  writeFileSync(path, cliConfiguration(mirror), { mode: 0o600 });
  return { ...backend, ...quiet, TF_CLI_CONFIG_FILE: path };
}

/** Makes the bucket for Terraform's state. */
export async function createStateBucket({ url, region, deployer }: Endpoint): Promise<void> {
  const s3 = new S3Client({ endpoint: url, region, credentials: deployer, forcePathStyle: true });
  try {
    const configuration = { LocationConstraint: region as "eu-central-1" };
    const where = region === "us-east-1" ? {} : { CreateBucketConfiguration: configuration };
    await s3.send(new CreateBucketCommand({ Bucket: STATE_BUCKET, ...where }));
    const versioning = { Status: "Enabled" } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: STATE_BUCKET, VersioningConfiguration: versioning }));
  } finally {
    s3.destroy();
  }
}

/**
 * Runs `cdktf deploy`.
 *
 * @throws UserError with the end of its output
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const outputsPath = join(options.directory, "outputs.json");
  forgetBackend(options.directory);
  await runCdktf("deploy", ["--outputs-file", outputsPath], options);
  const outputs = JSON.parse(readFileSync(outputsPath, "utf8")) as Record<string, Record<string, unknown>>;
  const { instance_ids: instanceIds, instance_name: instanceName } = outputs[STACK] ?? {};
  return { instanceIds: instanceIds as string[], instanceName: instanceName as string };
}

/**
 * Terraform remembers where the last deployment kept its state, and stops to ask when that has another name or Region now.
 * That state was in a sandbox that is gone.
 */
function forgetBackend(directory: string): void {
  rmSync(join(outputDirectory(directory), "stacks", STACK, ".terraform", "terraform.tfstate"), { force: true });
}

/** Where the stack is synthesized: apart from a deployment to AWS, whose backend is another. */
function outputDirectory(directory: string): string {
  return join(directory, "cdktf.out");
}

/**
 * Runs `cdktf destroy`.
 *
 * @throws UserError with the end of its output
 */
export function destroy(options: DeployOptions): Promise<void> {
  return runCdktf("destroy", [], options);
}

/**
 * Resolves when sessions can be started with every bastion.
 *
 * @throws UserError that names what keeps the first from registering
 */
export async function waitUntilOnline(
  { instanceIds }: Deployment,
  { nodes }: Pick<Endpoint, "nodes">,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  const deadlineMs = clock.now() + ONLINE_LIMIT_MS;
  for (const instanceId of instanceIds) {
    for (;;) {
      const connection = await nodes.connection(instanceId);
      if (connection.connected) break;
      if (clock.now() >= deadlineMs) throw notOnline(instanceId, connection.reason);
      await sleep(POLL_MS, clock, signal);
    }
  }
}

function runCdktf(command: string, commandArguments: readonly string[], options: DeployOptions): Promise<void> {
  const { projectDirectory, directory, environment, clock, signal, onProgress, onGroup } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const cdktf = join(projectDirectory, "node_modules", "cdktf-cli", "bundle", "bin", "cdktf");
  const output = outputDirectory(directory);
  return runProgram({
    program: process.execPath,
    programArguments: [
      cdktf,
      command,
      STACK,
      ...CDKTF_OPTIONS.slice(0, command === "deploy" ? 2 : 1),
      "--output",
      output,
      ...commandArguments,
    ],
    workingDirectory: projectDirectory,
    environment: { ...environment, ...CDKTF_ENVIRONMENT },
    logPath: join(directory, `${command}.log`),
    clock,
    signal,
    onLine: (line) => {
      const [, resource, what] = RESOURCE_LINE.exec(line.replace(ESCAPES, "")) ?? [];
      if (resource !== undefined && what !== undefined) onProgress?.(`${resource}: ${what.trimEnd()}`);
    },
    onGroup,
  });
}

function notOnline(instanceId: string, reason: string): UserError {
  return new UserError(`cannot reach the SSM Agent of "${instanceId}" within ${ONLINE_LIMIT_MS / 1_000} s: ${reason}`, {
    hint: "the stack that was deployed would keep a real agent from registering too",
    exitCode: ExitCode.Unavailable,
  });
}
