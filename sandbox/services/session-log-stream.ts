// The log of one shell in CloudWatch Logs, which is moto's: during the session as JSON, or as text at its end.
import {
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  PutLogEventsCommand,
  type CloudWatchLogsClient,
  type LogGroup,
} from "@aws-sdk/client-cloudwatch-logs";
import { AwsError } from "../endpoint/aws-error.ts";
import type { InstanceCalls } from "./instance-calls.ts";
import { KeptOutput } from "./kept-output.ts";
import type { PreferredLogGroup } from "./session-preferences.ts";
import type { Session } from "./sessions.ts";

export interface SessionLogStreamOptions {
  readonly logs: CloudWatchLogsClient;
  readonly calls: InstanceCalls;
  readonly region: string;
  /** Account id. */
  readonly account: string;
  readonly clock: { now(): number };
  /** Told of an error that no caller has caused. */
  readonly onFault: (error: unknown) => void;
}

const NOT_ENCRYPTED =
  "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group. " +
  "Either encrypt the log group or choose an option to enable logging without encryption.";

/** Whom the agent starts shells as where nobody is named. */
const DEFAULT_USER = "ssm-user";

type LogsAction = "logs:CreateLogStream" | "logs:DescribeLogGroups" | "logs:PutLogEvents";

/** Source: aws/amazon-ssm-agent agent/agentlogstocloudwatch/cloudwatchlogspublisher. */
export class SessionLogStream {
  readonly #session: Session;
  readonly #group: PreferredLogGroup;
  readonly #options: SessionLogStreamOptions;
  readonly #output = new KeptOutput();
  #isThere = false;
  #written: Promise<void> = Promise.resolve();

  constructor(session: Session, group: PreferredLogGroup, options: SessionLogStreamOptions) {
    this.#session = session;
    this.#group = group;
    this.#options = options;
  }

  /** Why the session must not start; a group that is not there keeps only the log from being written. */
  async begin(): Promise<string | undefined> {
    const group = await this.#find();
    if (this.#group.mustBeEncrypted && group?.kmsKeyId === undefined) return NOT_ENCRYPTED;
    if (group === undefined) return undefined;
    this.#isThere = true;
    this.#then(() => this.#create());
    return undefined;
  }

  write(output: Buffer): void {
    if (!this.#isThere) return;
    this.#output.push(output);
    if (this.#group.isStreamed) this.#then(() => this.#put(this.#output.takeLines()));
  }

  async end(): Promise<void> {
    if (this.#isThere) this.#then(() => this.#put(this.#output.takeAll()));
    await this.#written;
  }

  /** One after the other; what AWS refuses, the agent writes into a log of its own and goes on. */
  #then(work: () => Promise<void>): void {
    this.#written = this.#written.then(work).catch((error: unknown) => {
      if (!(error instanceof AwsError)) this.#options.onFault(error);
    });
  }

  /** Undefined also where the agent may not look, or cannot. */
  async #find(): Promise<LogGroup | undefined> {
    try {
      await this.#check("logs:DescribeLogGroups", "*");
    } catch (error) {
      if (error instanceof AwsError) return undefined;
      throw error;
    }
    const { name } = this.#group;
    const { logGroups = [] } = await this.#options.logs.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: name }),
    );
    return logGroups.find(({ logGroupName }) => logGroupName === name);
  }

  async #create(): Promise<void> {
    const { name: logGroupName } = this.#group;
    await this.#check("logs:CreateLogStream", this.#streamArn());
    await this.#options.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: this.#session.sessionId }));
  }

  async #put(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#check("logs:PutLogEvents", this.#streamArn());
    const timestamp = this.#options.clock.now();
    const messages = this.#group.isStreamed
      ? [this.#structured(lines, timestamp)]
      : lines.filter((line) => line !== "");
    await this.#options.logs.send(
      new PutLogEventsCommand({
        logGroupName: this.#group.name,
        logStreamName: this.#session.sessionId,
        logEvents: messages.map((message) => ({ timestamp, message })),
      }),
    );
  }

  #structured(sessionData: readonly string[], timeMs: number): string {
    const { target, owner, sessionId, preferences } = this.#session;
    return JSON.stringify({
      eventVersion: "1.0",
      eventTime: new Date(timeMs).toISOString(),
      awsRegion: this.#options.region,
      target: { id: target },
      userIdentity: { arn: owner },
      runAsUser: preferences?.runAsUser ?? DEFAULT_USER,
      sessionId,
      eventSource: "ssm.amazonaws.com",
      sessionData,
    });
  }

  #streamArn(): string {
    const { region, account } = this.#options;
    return `arn:aws:logs:${region}:${account}:log-group:${this.#group.name}:log-stream:${this.#session.sessionId}`;
  }

  /** @throws AwsError */
  async #check(action: LogsAction, resource: string): Promise<void> {
    const call = { action, resource };
    await this.#options.calls.check(this.#session.target, { service: "logs", ...call }, call);
  }
}
