// A command without a terminal, as NonInteractiveCommands runs it.
import { spawn, type ChildProcess } from "node:child_process"; // two outputs, live and apart; zx joins and keeps them
import type { Readable } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { endOf, hangUpGroup, signalGroup, type ProcessEnd } from "../instances/child-process.ts";
import type { Login } from "../instances/login.ts";
import type { CommandProperties } from "./document.ts";
import { failure, type Plugin } from "./plugin.ts";
import type { OutputChannel } from "./preferred-shell.ts";
import { shellWords } from "./shell-words.ts";

export interface CommandOptions {
  readonly clock: Clock;
  readonly login: () => Promise<Login>;
  readonly command: CommandProperties;
}

/** The keys that a client may press on a command: Ctrl-C and Ctrl-\. */
const SIGNAL_KEYS: readonly (readonly [number, NodeJS.Signals])[] = [
  [0x03, "SIGINT"],
  [0x1c, "SIGQUIT"],
];

/** What AWS's agent lets prefixes be. */
const PREFIX = /^[0-9a-zA-Z\r\n_:-]{0,30}$/;

/** What a command may write that is sent only after its end; the rest is dropped, and the last line says so. */
const OUTPUT_LIMIT_BYTES = 4 * 1024 * 1024;

/** Source: aws/amazon-ssm-agent agent/session/shell/shell.go and plugins/noninteractivecommands. */
export class CommandPlugin implements Plugin {
  readonly ended: Promise<string>;
  readonly #channel: OutputChannel;
  readonly #options: CommandOptions;
  #child: ChildProcess | undefined;
  #isStopped = false;

  constructor(channel: OutputChannel, options: CommandOptions) {
    this.#channel = channel;
    this.#options = options;
    this.ended = this.#run().catch((error: unknown) => failure((error as Error).message));
  }

  /** Nothing reaches the command's stdin; two keys reach it as signals. */
  input(message: AgentMessage): "done" | "refused" {
    const child = this.#child;
    if (child === undefined) return "refused";
    if (message.payloadType !== PayloadType.output) return "done";
    for (const [key, signal] of SIGNAL_KEYS) if (message.payload.includes(key)) signalGroup(child, signal);
    return "done";
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#child !== undefined) hangUpGroup(this.#child, this.#options.clock);
  }

  async #run(): Promise<string> {
    const { command, login } = this.#options;
    const { stdOutSeparatorPrefix, stdErrSeparatorPrefix, separateOutputStream } = command;
    if (!PREFIX.test(stdOutSeparatorPrefix) || !PREFIX.test(stdErrSeparatorPrefix)) {
      return failure("the separator prefixes may hold 30 letters, digits, line ends and _ : - at most");
    }
    const [file, ...words] = shellWords(command.line);
    const { home, environment } = await login();
    if (file === undefined || this.#isStopped) return failure("no command is given");
    const child = spawn(file, words, {
      cwd: home,
      env: environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.once("error", (error) => {
      this.#channel.send(PayloadType.stdErr, Buffer.from(`${error.message}\n`));
    });
    this.#child = child;
    this.#channel.retryInput();
    const ended = endOf(child);
    await (separateOutputStream ? this.#copyLive(child.stdout, child.stderr, ended) : this.#copyLate(child, ended));
    return "";
  }

  async #copyLive(stdout: Readable, stderr: Readable, ended: Promise<ProcessEnd>): Promise<void> {
    const { stdOutSeparatorPrefix, stdErrSeparatorPrefix } = this.#options.command;
    await Promise.all([
      this.#copy(stdout, PayloadType.output, stdOutSeparatorPrefix),
      this.#copy(stderr, PayloadType.stdErr, stdErrSeparatorPrefix),
    ]);
    this.#channel.send(PayloadType.exitCode, Buffer.from(`EXIT_CODE: ${exitCode(await ended)}`));
  }

  async #copy(source: Readable, payloadType: number, prefix: string): Promise<void> {
    let isLineStart = true;
    for await (const chunk of source) {
      const text = prefix === "" ? (chunk as Buffer) : prefixed(chunk as Buffer, prefix, isLineStart);
      isLineStart = (chunk as Buffer).at(-1) === NEWLINE;
      await this.#channel.write(payloadType, text);
    }
  }

  /** AWS's agent collects the output in a file, and sends it when the command is over. */
  async #copyLate({ stdout, stderr }: ChildProcess, ended: Promise<ProcessEnd>): Promise<void> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (const source of [stdout, stderr]) {
      source?.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= OUTPUT_LIMIT_BYTES) chunks.push(chunk);
      });
    }
    await ended;
    if (bytes > OUTPUT_LIMIT_BYTES) chunks.push(Buffer.from(`\n(of ${bytes} bytes, 4 MiB at most are kept)\n`));
    await this.#channel.write(PayloadType.output, Buffer.concat(chunks));
  }
}

const NEWLINE = 0x0a;

function prefixed(chunk: Buffer, prefix: string, isLineStart: boolean): Buffer {
  const text = chunk.toString("latin1").replaceAll(/\n(?!$)/g, `\n${prefix}`);
  return Buffer.from(isLineStart ? prefix + text : text, "latin1");
}

/** As a shell reports it: 128 and the signal's number; the numbers of the few that commands end by. */
function exitCode(end: ProcessEnd): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGQUIT: 3,
    SIGKILL: 9,
    SIGTERM: 15,
  };
  return "status" in end ? end.status : 128 + (numbers[end.signal] ?? 0);
}
