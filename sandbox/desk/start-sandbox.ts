// The steps from nothing to a bastion that is online.
import { rmSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";
import type { Clock } from "../../session-manager/clock.ts";
import { createStateBucket, deploy, terraformEnvironment, waitUntilOnline } from "../deploy.ts";
import { noFaults } from "../faults.ts";
import { startEndpoint, startMoto, type Endpoint, type Moto } from "../sandbox.ts";
import { findProviderMirror, terraformPlatform } from "../terraform/provider-mirror.ts";
import { DATABASE_ENVIRONMENT, addDatabase } from "./add-database.ts";
import { Claim } from "./claim.ts";
import type { Closing } from "./closing.ts";
import { sandboxEnvironment, writeEnvironmentFile } from "./environment-file.ts";
import { settingsRegion } from "./region.ts";
import type { Steps } from "./steps.ts";

export interface StartOptions {
  /** The checkout. */
  readonly project: string;
  /** Where everything is kept that it makes. */
  readonly directory: string;
  readonly sshServer: "ssh2" | "sshd";
  /** Whether the agents wait a millisecond after each message, as the real one does. */
  readonly paced: boolean;
  /** Whether there is to be a database behind the bastion. */
  readonly database: boolean;
  /** Loopback port of the endpoint; 0 is any that is free. */
  readonly port: number;
  readonly clock: Clock;
  readonly steps: Steps;
  /** Gets the end of everything that is started, at once. */
  readonly closing: Closing;
  readonly signal: AbortSignal;
}

export interface StartedSandbox {
  /** The bastion as connect.ts takes it: its Name tag, and the OS user before it where the image's own will not do. */
  readonly bastion: string;
  /** Of a process that is to meet the sandbox. */
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves when moto has ended by itself. */
  readonly ended: Promise<void>;
}

/** Starts moto and the endpoint, deploys, and waits for the bastion's agent. */
export async function startSandbox(options: StartOptions): Promise<StartedSandbox> {
  const { project, directory, steps, closing, clock, signal } = options;
  const claim = await Claim.take(join(directory, "running.json"), process.pid);
  rmSync(environmentFile(directory), { force: true }); // a killed sandbox's, which leads nowhere
  closing.add(() => {
    claim.release();
  });
  warn(options);
  const region = settingsRegion(project, process.env["ENVIRONMENT"]);
  const moto = await steps.step("moto, the AWS behind it", (onProgress) =>
    startMoto({ directory, projectDirectory: project, region, clock, signal, onProgress }),
  );
  closing.add(() => moto.close());
  await claim.note(moto.processId);
  const endpoint = await openEndpoint(moto, region, options);
  const environment = provideEnvironment(endpoint, options);
  await createStateBucket(endpoint);
  const deployment = await steps.step("cdktf deploy", (onProgress) =>
    deploy({
      projectDirectory: project,
      directory,
      environment: { ...environment, TMPDIR: claim.temporaryDirectory },
      clock,
      signal,
      onProgress,
      onGroup: (leader) => void claim.note(leader),
    }),
  );
  await steps.step("the bastion's SSM Agent", () => waitUntilOnline(deployment, endpoint, clock, signal));
  if (options.database)
    await steps.step("PostgreSQL, as RDS behind it", () => addDatabase(endpoint, deployment.instanceIds));
  return { bastion: destination(deployment.instanceName, options), environment, ended: moto.ended };
}

/** A real sshd asks this computer who its users are; ec2-user is none of them. */
function destination(instanceName: string, { sshServer }: StartOptions): string {
  return sshServer === "sshd" ? `${userInfo().username}@${instanceName}` : instanceName;
}

function warn({ steps, directory }: StartOptions): void {
  const { username } = userInfo();
  steps.say(
    `note: the sandbox's bastion is a real shell on this computer, as ${username}, with a home of its own below ${directory} that goes with it`,
  );
}

async function openEndpoint(moto: Moto, region: string, options: StartOptions): Promise<Endpoint> {
  const { sshServer, paced, port, clock, closing, steps } = options;
  const directory = join(options.directory, "instances");
  const forget = (): void => {
    rmSync(directory, { recursive: true, force: true }); // terminated with the sandbox, homes and all
  };
  forget();
  closing.add(forget);
  try {
    const endpoint = await startEndpoint({
      moto,
      credentials: moto.deployer,
      directory,
      region,
      clock,
      sshServer,
      port,
      faults: { ...noFaults(), outputIntervalMs: paced ? 1 : 0 },
      onFault: (error) => {
        steps.say(`sandbox: error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      },
    });
    closing.add(() => endpoint.close());
    return endpoint;
  } catch (cause) {
    throw cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE" ? busy(port, cause) : cause;
  }
}

function busy(port: number, cause: Error): UserError {
  return new UserError(`cannot listen on port ${port} of 127.0.0.1: another program does`, {
    hint: "leave --port out for any that is free",
    exitCode: ExitCode.Unavailable,
    cause,
  });
}

/** The environment of what we start; the same goes into the file for other terminals, for as long as we are up. */
function provideEnvironment(
  endpoint: Endpoint,
  { directory, closing, database }: StartOptions,
): Record<string, string> {
  const own = { ...ownEnvironment(endpoint, directory), ...(database ? databaseEnvironment(endpoint) : {}) };
  const file = environmentFile(directory);
  writeEnvironmentFile(file, own);
  closing.add(() => {
    rmSync(file, { force: true });
  });
  return sandboxEnvironment(process.env, own);
}

function environmentFile(directory: string): string {
  return join(directory, "env");
}

/** The settings with the database, and the authority that signs for it, where psql looks. */
function databaseEnvironment({ databases }: Endpoint): Record<string, string> {
  return { ENVIRONMENT: DATABASE_ENVIRONMENT, PGSSLROOTCERT: databases.certificateAuthority.file };
}

function ownEnvironment({ url, region, deployer }: Endpoint, directory: string): Record<string, string> {
  const platform = terraformPlatform(process.platform, process.arch);
  const mirror = findProviderMirror({ environment: process.env, home: homedir(), platform });
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region, // the AWS CLI of old reads this one only
    AWS_ACCESS_KEY_ID: deployer.accessKeyId,
    AWS_SECRET_ACCESS_KEY: deployer.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1", // Terraform refuses a cache that is the mirror as well
    CDKTF_SKIP_PROVIDER_LOCK: "true", // it asks the registry, whether or not the provider comes from there
    ...terraformEnvironment(directory, region, mirror),
  };
}
