// What the journeys of connect.ts share: a person, the command, and what must not be left of either.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { Person, type CommandOptions, type CommandOutcome, type RunningCommand } from "../harness/run-command.ts";
import type { TestSandbox } from "../harness/test-sandbox.ts";

const project = join(import.meta.dirname, "..", "..");
export const connectScript = join(project, "scripts", "connect.ts");

/** Time for a journey on a computer that does much else; a login takes a second there. */
export const JOURNEY_LIMIT_MS = 90_000;

export interface ConnectOptions extends CommandOptions {
  /** @default - the deployer's */
  readonly credentials?: Credentials;
}

/** A person in front of a sandbox. */
export class Journey {
  readonly person = new Person();
  readonly sandbox: TestSandbox;

  constructor(sandbox: TestSandbox) {
    this.sandbox = sandbox;
  }

  /** Runs connect.ts to its end. */
  connect(words: readonly string[], options: ConnectOptions = {}): Promise<CommandOutcome> {
    return this.person.run(connectScript, words, this.#options(options));
  }

  /** Starts connect.ts. */
  start(words: readonly string[], options: ConnectOptions = {}): RunningCommand {
    return this.person.start(connectScript, words, this.#options(options));
  }

  /** The environment of any command that is to meet the sandbox. */
  environment(credentials?: Credentials): Record<string, string> {
    const environment = Object.entries(this.sandbox.environment(credentials));
    // A person has not silenced the SDK: that connect.ts must do itself.
    return Object.fromEntries(
      environment.filter(([name]) => name !== "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"),
    );
  }

  /** Fails when a process, a key, a socket or a session is left. */
  async expectNothingLeft(): Promise<void> {
    assert.deepEqual(await this.person.leftovers(), []);
    assert.deepEqual(this.openSessions(), []);
  }

  openSessions(): string[] {
    const sessions = this.sandbox.endpoint.sessions.list();
    return sessions.filter(({ status }) => status === "Connected").map(({ sessionId }) => sessionId);
  }

  leave(): void {
    this.person.leave();
  }

  #options({ credentials, environment, ...rest }: ConnectOptions): CommandOptions {
    return { ...rest, environment: { ...this.environment(credentials), ...environment } };
  }
}

/** The lines that connect.ts itself wrote: ssh has its own. */
export function ownLines({ stderr }: CommandOutcome): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("connect: "));
}

/** Statements of an IAM policy that allow everything connect.ts calls, but for some actions. */
export function connectPolicyWithout(...missing: readonly string[]): object[] {
  const actions = [
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:GetConsoleOutput",
    "ec2:RebootInstances",
    "ec2:StartInstances",
    "ec2-instance-connect:SendSSHPublicKey",
    "ssm:DescribeSessions",
    "ssm:GetConnectionStatus",
    "ssm:ResumeSession",
    "ssm:StartSession",
    "ssm:TerminateSession",
    "ssmmessages:OpenDataChannel",
  ];
  const Action = actions.filter((action) => !missing.includes(action));
  return [{ Effect: "Allow", Action, Resource: "*" }];
}
