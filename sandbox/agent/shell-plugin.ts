// A shell or an interactive command on a pseudo-terminal of the instance.
import type { Clock } from "../../session-manager/clock.ts";
import { sleep } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { decodeJsonObject, integerMember } from "../../session-manager/wire/json-payload.ts";
import type { Login } from "../instances/login.ts";
import { Terminal } from "../instances/terminal.ts";
import type { Handled } from "./inbox.ts";
import { failure, type Plugin } from "./plugin.ts";
import type { OutputChannel } from "./preferred-shell.ts";
import { wholeCharacters } from "./whole-characters.ts";
import { writeInput } from "./write-input.ts";

export interface ShellOptions {
  readonly clock: Clock;
  readonly login: () => Promise<Login>;
  /** What `sh -c` runs; a shell to type into if undefined. */
  readonly commandLine: string | undefined;
  /** Typed before all else; empty for nothing. */
  readonly profile: string;
  /** Bytes of one message of output, at most. */
  readonly payloadBytes: number;
  /** Time before the first output. */
  readonly delayMs: number;
}

const FIRST_SIZE = { columns: 80, rows: 24 };

/** Source: aws/amazon-ssm-agent agent/session/shell/shell.go. */
export class ShellPlugin implements Plugin {
  readonly ended: Promise<string>;
  readonly #channel: OutputChannel;
  readonly #options: ShellOptions;
  readonly #stopped = new AbortController();
  #terminal: Terminal | undefined;

  constructor(channel: OutputChannel, options: ShellOptions) {
    this.#channel = channel;
    this.#options = options;
    this.ended = this.#run().catch((error: unknown) => failure((error as Error).message));
  }

  input(message: AgentMessage): Handled {
    const terminal = this.#terminal;
    if (terminal === undefined) return "refused";
    if (message.payloadType === PayloadType.size) resize(terminal, message.payload);
    return message.payloadType === PayloadType.output ? writeInput(terminal.input, message.payload) : "done";
  }

  stop(): void {
    this.#stopped.abort();
    this.#terminal?.hangUp();
  }

  async #run(): Promise<string> {
    const { clock, login, commandLine, profile, delayMs } = this.#options;
    const at = await login();
    this.#stopped.signal.throwIfAborted();
    const words = commandLine === undefined ? ["sh"] : ["sh", "-c", commandLine];
    const program = { file: "/bin/sh", arguments: words, type: "xterm-256color", size: FIRST_SIZE };
    const terminal = new Terminal(program, at);
    this.#terminal = terminal;
    if (profile.trim() !== "") terminal.input.write(`${profile}\n`);
    this.#channel.retryInput();
    if (delayMs > 0) await sleep(delayMs, clock, this.#stopped.signal);
    await this.#copy(terminal);
    await terminal.ended;
    return "";
  }

  /** A character that is cut in two waits for its rest. */
  async #copy({ output }: Terminal): Promise<void> {
    let kept: Buffer = Buffer.alloc(0);
    for await (const chunk of output) {
      let bytes = Buffer.concat([kept, chunk as Buffer]);
      for (let end = this.#cut(bytes); end > 0; end = this.#cut(bytes)) {
        await this.#channel.write(PayloadType.output, bytes.subarray(0, end));
        bytes = bytes.subarray(end);
      }
      kept = bytes;
    }
    await this.#channel.write(PayloadType.output, kept);
  }

  #cut(bytes: Buffer): number {
    return wholeCharacters(bytes.subarray(0, this.#options.payloadBytes));
  }
}

/** A size that cannot be read is ignored: sent again, it would be the same. */
function resize(terminal: Terminal, payload: Uint8Array): void {
  try {
    const size = decodeJsonObject(payload, "terminal size");
    const columns = integerMember(size, "cols", "terminal size");
    terminal.resize({ columns, rows: integerMember(size, "rows", "terminal size") });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}
