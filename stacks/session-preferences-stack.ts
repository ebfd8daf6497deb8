// The account's session preferences in one Region: how shells are encrypted, logged, limited and begun.
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { auditTopicName } from "./audit-stack.ts";
import { AwsAccount } from "./aws-account.ts";
import { keepStateIn } from "./backend.ts";
import type { BastionFeature } from "./bastion/feature.ts";
import { EncryptionKey } from "./encryption-key.ts";
import { NamedStack } from "./named-stack.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";
import { sessionPreferencesFeature } from "./session-preferences/bastion-feature.ts";
import { LogAlarms } from "./session-preferences/log-alarms.ts";
import { SessionDocument } from "./session-preferences/session-document.ts";
import { SessionLog } from "./session-preferences/session-log.ts";
import type { SessionPreferences } from "./settings/sections/session-preferences.ts";

const DEFAULT_KEY_PREFIX = "sessions";

export interface SessionPreferencesStackProps extends StackProps {
  /** What the settings say of the preferences. */
  readonly preferences: SessionPreferences;
}

export class SessionPreferencesStack extends NamedStack {
  /** Of whoever opens shells: kms:GenerateDataKey on it. */
  readonly kmsKeyArn: string;
  readonly #props: SessionPreferencesStackProps;
  readonly #prefix: string;
  readonly #account: AwsAccount;

  constructor(scope: Construct, id: string, props: SessionPreferencesStackProps) {
    super(scope, id);
    const { settings, preferences } = props;
    this.#props = props;
    keepStateIn(props.backend, this);
    addProvider(this, settings);
    this.#account = new AwsAccount(this, "current");
    this.#prefix = `${settings.tag_application}-${settings.target_environment}`;
    this.kmsKeyArn = this.#addKey();
    const log = this.#addLog();
    const { documentName } = this.#addDocument(log);
    if (log.logGroupName !== undefined && preferences.alarms.length > 0)
      new LogAlarms(this, "alarm", {
        name: `${this.#prefix}-session`,
        logGroupName: log.logGroupName,
        alarms: preferences.alarms,
        // Its stack makes it, and nothing here waits for it.
        topicArn: this.#account.arn("sns", auditTopicName(settings)),
      });
    this.#addOutputs(documentName, log);
  }

  /** What the bastion, or any instance with an SSM Agent, must be able to do from now on. */
  bastionFeature(account: AwsAccount): BastionFeature {
    return sessionPreferencesFeature({
      account,
      kmsKeyArn: this.kmsKeyArn,
      logGroupName: this.#logGroupName,
      bucket: this.#bucketIn(account),
    });
  }

  get #logGroupName(): string | undefined {
    return this.#props.preferences.cloud_watch_logs ? `/aws/ssm/session-manager/${this.#prefix}` : undefined;
  }

  #bucketIn({ accountId, region }: AwsAccount): { readonly name: string; readonly keyPrefix: string } | undefined {
    const { s3_logs, s3_key_prefix: keyPrefix = DEFAULT_KEY_PREFIX } = this.#props.preferences;
    return s3_logs ? { name: `${this.#prefix}-sessions-${accountId}-${region}`, keyPrefix } : undefined;
  }

  #addKey(): string {
    return new EncryptionKey(this, "key", {
      account: this.#account,
      name: `${this.#prefix}-sessions`,
      description: "Data and logs of Session Manager's shells",
      ...(this.#logGroupName === undefined ? {} : { logGroupName: this.#logGroupName }),
    }).arn;
  }

  #addLog(): SessionLog {
    const { log_retention_days: retentionDays, s3_access_log_bucket: accessLogBucket } = this.#props.preferences;
    return new SessionLog(this, "log", {
      account: this.#account,
      kmsKeyArn: this.kmsKeyArn,
      retentionDays,
      logGroupName: this.#logGroupName,
      bucketName: this.#bucketIn(this.#account)?.name,
      accessLogBucket,
    });
  }

  #addDocument({ logGroupName, bucketName }: SessionLog): SessionDocument {
    const { preferences } = this.#props;
    const bucket = this.#bucketIn(this.#account);
    return new SessionDocument(this, "preferences", {
      kmsKeyArn: this.kmsKeyArn,
      idleSessionTimeoutMinutes: preferences.idle_session_timeout,
      maxSessionDurationMinutes: preferences.max_session_duration,
      logGroupName,
      streamsLog: preferences.cloud_watch_streaming_enabled ?? preferences.cloud_watch_logs,
      bucket: bucket === undefined || bucketName === undefined ? undefined : { ...bucket, name: bucketName },
      runAsDefaultUser: preferences.run_as_default_user,
      shellProfile: preferences.shell_profile,
      importExisting: preferences.import_existing,
    });
  }

  #addOutputs(documentName: string, { logGroupName, bucketName }: SessionLog): void {
    new TerraformOutput(this, "session_document", { value: documentName, description: "Holds the preferences" });
    new TerraformOutput(this, "session_key_arn", {
      value: this.kmsKeyArn,
      description: "Encrypts shells; who opens one needs kms:GenerateDataKey on it",
    });
    if (logGroupName !== undefined)
      new TerraformOutput(this, "session_log_group", {
        value: logGroupName,
        description: "Has a stream for each shell",
      });
    if (bucketName !== undefined)
      new TerraformOutput(this, "session_log_bucket", {
        value: bucketName,
        description: "Has an object for each shell",
      });
  }
}
