// The log of one shell in S3, which is moto's: an object, when the session is over.
import { GetBucketEncryptionCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { AwsError } from "../endpoint/aws-error.ts";
import type { InstanceCalls } from "./instance-calls.ts";
import { KeptOutput } from "./kept-output.ts";
import type { PreferredBucket } from "./session-preferences.ts";
import type { Session } from "./sessions.ts";

export interface SessionBucketOptions {
  readonly s3: S3Client;
  readonly calls: InstanceCalls;
  /** Told of an error that no caller has caused. */
  readonly onFault: (error: unknown) => void;
}

const NOT_ENCRYPTED =
  "We couldn't start the session because encryption is not set up on the selected Amazon S3 bucket. " +
  "Either encrypt the bucket or choose an option to enable logging without encryption.";

/** Source: aws/amazon-ssm-agent agent/s3util/s3util.go. */
export class SessionBucket {
  readonly #session: Session;
  readonly #bucket: PreferredBucket;
  readonly #options: SessionBucketOptions;
  readonly #output = new KeptOutput();

  constructor(session: Session, bucket: PreferredBucket, options: SessionBucketOptions) {
    this.#session = session;
    this.#bucket = bucket;
    this.#options = options;
  }

  /** Why the session must not start. */
  async begin(): Promise<string | undefined> {
    if (!this.#bucket.mustBeEncrypted) return undefined;
    try {
      return (await this.#isEncrypted()) ? undefined : NOT_ENCRYPTED;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const reason = `${error.code}: ${error.message}`;
      return `Couldn't start the session because we are unable to validate encryption on Amazon S3 bucket. Error: ${reason}`;
    }
  }

  write(output: Buffer): void {
    this.#output.push(output);
  }

  /** What AWS refuses, the agent writes into a log of its own. */
  async end(): Promise<void> {
    const { name, keyPrefix } = this.#bucket;
    const key = `${keyPrefix === "" ? "" : `${keyPrefix}/`}${this.#session.sessionId}.log`;
    try {
      await this.#check("s3:PutObject", `arn:aws:s3:::${name}/${key}`);
      const Body = this.#output.takeAll().join("\n");
      await this.#options.s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body }));
    } catch (error) {
      if (!(error instanceof AwsError)) this.#options.onFault(error);
    }
  }

  /** @throws AwsError */
  async #isEncrypted(): Promise<boolean> {
    const { name } = this.#bucket;
    await this.#check("s3:GetEncryptionConfiguration", `arn:aws:s3:::${name}`);
    try {
      await this.#options.s3.send(new GetBucketEncryptionCommand({ Bucket: name }));
      return true;
    } catch (error) {
      if (!(error instanceof Error) || !("$fault" in error)) throw error;
      if (error.name === "ServerSideEncryptionConfigurationNotFoundError") return false;
      throw new AwsError(error.name, error.message);
    }
  }

  /** @throws AwsError */
  async #check(action: "s3:GetEncryptionConfiguration" | "s3:PutObject", resource: string): Promise<void> {
    const call = { action, resource };
    await this.#options.calls.check(this.#session.target, { service: "s3", ...call }, call);
  }
}
