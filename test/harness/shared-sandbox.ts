// A program for a whole run of tests: starts a moto, with `--deploy` deploys the bastion to it, and stays until its
// standard input ends. Standard output gets one line of JSON, a SharedSandbox.
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createStateBucket, deploy, terraformEnvironment } from "../../sandbox/deploy.ts";
import { sandboxEnvironment } from "../../sandbox/desk/environment-file.ts";
import { startEndpoint, startMoto, type Endpoint, type Moto } from "../../sandbox/sandbox.ts";
import { findProviderMirror, terraformPlatform } from "../../sandbox/terraform/provider-mirror.ts";
import { systemClock as clock } from "../../session-manager/clock.ts";
import type { SharedDeployment, SharedSandbox } from "./test-sandbox.ts";

const projectDirectory = join(import.meta.dirname, "..", "..");
const region = "eu-central-1";
const directory = mkdtempSync(join(tmpdir(), "shared-sandbox-"));

async function deployBastion(moto: Moto): Promise<SharedDeployment> {
  const endpoint = await startEndpoint({
    moto,
    credentials: moto.deployer,
    directory,
    region,
    clock,
    sshServer: "ssh2",
  });
  try {
    await createStateBucket(endpoint);
    const terraform = terraformSettings(endpoint);
    const environment = sandboxEnvironment(process.env, {
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: moto.deployer.accessKeyId,
      AWS_SECRET_ACCESS_KEY: moto.deployer.secretAccessKey,
      ...terraform,
    });
    return { terraform, ...(await deploy({ projectDirectory, directory, environment, clock })) };
  } finally {
    await endpoint.close();
  }
}

function terraformSettings(endpoint: Endpoint): Readonly<Record<string, string>> {
  const platform = terraformPlatform(process.platform, process.arch);
  const mirror = findProviderMirror({ environment: process.env, home: homedir(), platform });
  return terraformEnvironment(directory, endpoint.region, mirror);
}

async function main(): Promise<void> {
  const environments = join(projectDirectory, ".sandbox"); // moto's virtual environment is the one that everybody has
  const moto = await startMoto({ directory: environments, logDirectory: directory, projectDirectory, region, clock });
  try {
    const deployment = process.argv.includes("--deploy") ? await deployBastion(moto) : undefined;
    const { url, secret, deployer, processId } = moto;
    const shared: SharedSandbox = {
      url,
      secret,
      processId,
      deployer,
      region,
      directory,
      ...(deployment && { deployment }),
    };
    process.stdout.write(`${JSON.stringify(shared)}\n`);
    process.stdin.resume();
    await new Promise((resolve) => process.stdin.once("close", resolve));
  } finally {
    await moto.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n${(error as { hint?: string }).hint ?? ""}\n`);
  process.exitCode = 1;
});
