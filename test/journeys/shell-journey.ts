// What the journeys of shell.ts share: the command, with and without a terminal.
import { join } from "node:path";
import type { CommandOutcome, RunningCommand } from "../harness/run-command.ts";
import { Journey, type ConnectOptions } from "./connect-journey.ts";

export const shellScript = join(import.meta.dirname, "..", "..", "scripts", "shell.ts");
const bridge = join(import.meta.dirname, "terminal.py");

/** A command on a terminal of its own; what that shows comes as standard error. */
export interface TerminalCommand extends RunningCommand {
  readonly type: (text: string) => void;
}

/** A person in front of a sandbox, with shell.ts. */
export class ShellJourney extends Journey {
  /** Runs shell.ts to its end, without a terminal. */
  shell(words: readonly string[], options: ConnectOptions = {}): Promise<CommandOutcome> {
    const { credentials, environment, ...rest } = options;
    const all = { ...this.environment(credentials), ...environment };
    return this.person.run(shellScript, words, { ...rest, environment: all });
  }

  /** Starts shell.ts on a terminal. */
  shellOnTerminal(...words: readonly string[]): TerminalCommand {
    return this.onTerminal([shellScript, ...words]);
  }

  /** Starts any program on a terminal. */
  onTerminal(program: readonly string[]): TerminalCommand {
    const environment = { ...this.environment(), TERM: "xterm" };
    const running = this.person.start("python3", [bridge, ...program], { environment });
    return { ...running, type: (text) => void running.child.stdin?.write(text) };
  }
}

/** Statements of an IAM policy that allow everything shell.ts calls, but for some actions. */
export function shellPolicyWithout(...missing: readonly string[]): object[] {
  const actions = [
    "ec2:DescribeInstances",
    "kms:GenerateDataKey",
    "ssm:ResumeSession",
    "ssm:StartSession",
    "ssm:TerminateSession",
    "ssmmessages:OpenDataChannel",
  ];
  const Action = actions.filter((action) => !missing.includes(action));
  return [{ Effect: "Allow", Action, Resource: "*" }];
}
