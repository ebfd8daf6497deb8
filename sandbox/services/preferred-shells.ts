// Shells and commands under the account's preferences: whether they may start, and as whom; and their log.
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { S3Client } from "@aws-sdk/client-s3";
import type { PreferredShell } from "../agent/preferred-shell.ts";
import { failure } from "../agent/plugin.ts";
import type { InstanceCalls } from "./instance-calls.ts";
import type { Inventory } from "./inventory.ts";
import { SessionBucket } from "./session-bucket.ts";
import { SessionLogStream } from "./session-log-stream.ts";
import type { SessionPreferences } from "./session-preferences.ts";
import type { Session } from "./sessions.ts";

export interface PreferredShellsOptions {
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  readonly calls: InstanceCalls;
  readonly inventory: Pick<Inventory, "find">;
  readonly region: string;
  /** Account id. */
  readonly account: string;
  readonly clock: { now(): number };
  /** Told of an error that no caller has caused. */
  readonly onFault: (error: unknown) => void;
}

/** The user of each image's login, which the other has not. */
const AMAZON_LINUX_USER = "ec2-user";
const UBUNTU_USER = "ubuntu";

export class PreferredShells {
  readonly #options: PreferredShellsOptions;

  constructor(options: PreferredShellsOptions) {
    this.#options = options;
  }

  /** What the preferences ask of this session; undefined where it began without any. */
  of(session: Session): PreferredShell | undefined {
    const { preferences } = session;
    return preferences && new LoggedShell(session, preferences, this.#options);
  }
}

/** Its words are those of AWS's agent. Source: agent/session/shell/shell.go, shell_unix.go. */
class LoggedShell implements PreferredShell {
  readonly profile: string;
  readonly osUser: string | undefined;
  readonly #session: Session;
  readonly #inventory: PreferredShellsOptions["inventory"];
  readonly #stream: SessionLogStream | undefined;
  readonly #bucket: SessionBucket | undefined;

  constructor(
    session: Session,
    { linuxProfile, runAsUser, logGroup, bucket }: SessionPreferences,
    options: PreferredShellsOptions,
  ) {
    this.#session = session;
    this.#inventory = options.inventory;
    this.profile = linuxProfile;
    this.osUser = runAsUser;
    this.#stream = logGroup && new SessionLogStream(session, logGroup, options);
    this.#bucket = bucket && new SessionBucket(session, bucket, options);
  }

  async begin(): Promise<string | undefined> {
    return (await this.#stream?.begin()) ?? (await this.#bucket?.begin()) ?? (await this.#userObstacle());
  }

  log(output: Buffer): void {
    this.#stream?.write(output);
    this.#bucket?.write(output);
  }

  async end(): Promise<void> {
    await Promise.all([this.#stream?.end(), this.#bucket?.end()]);
  }

  async #userObstacle(): Promise<string | undefined> {
    const user = this.osUser;
    if (user === undefined) return undefined;
    if (user === "") return failure("Unable to start command: please set the RunAs default user\n");
    const instance = await this.#inventory.find(this.#session.target);
    const isUbuntu = instance?.imageName.startsWith("ubuntu/") === true;
    if (user !== (isUbuntu ? AMAZON_LINUX_USER : UBUNTU_USER)) return undefined;
    return failure(`Unable to start command: failed to start pty since RunAs user ${user} does not exist\n`);
  }
}
