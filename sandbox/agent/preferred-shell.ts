// A shell or command as the account's session preferences want it: checked before it starts, and logged.
import type { AgentMessage } from "../../session-manager/wire/agent-message.ts";
import type { DataChannel } from "./data-channel.ts";
import type { Handled } from "./inbox.ts";
import type { Plugin } from "./plugin.ts";

/** What the preferences ask of one shell or command. */
export interface PreferredShell {
  /** Typed into a shell before all else; empty for nothing. */
  readonly profile: string;
  /** Whom it starts as; undefined for the agent's own user. */
  readonly osUser: string | undefined;
  /** Resolves with what keeps it from starting, as the person is to read it; undefined if nothing does. */
  begin(): Promise<string | undefined>;
  /** Takes output, in order. */
  log(output: Buffer): void;
  /** The last output has been taken; resolves when all is where it belongs. */
  end(): Promise<void>;
}

/** What a plugin needs of its channel. */
export type OutputChannel = Pick<DataChannel, "send" | "write" | "retryInput">;

/** Runs a plugin under preferences. Source: aws/amazon-ssm-agent agent/session/shell/shell.go. */
export class PreferredPlugin implements Plugin {
  readonly ended: Promise<string>;
  readonly #shell: PreferredShell;
  readonly #start: (channel: OutputChannel) => Plugin;
  readonly #channel: DataChannel;
  #plugin: Plugin | undefined;
  #isStopped = false;

  constructor(channel: DataChannel, shell: PreferredShell, start: (channel: OutputChannel) => Plugin) {
    this.#channel = channel;
    this.#shell = shell;
    this.#start = start;
    this.ended = this.#run();
  }

  input(message: AgentMessage): Handled {
    return this.#plugin?.input(message) ?? "refused";
  }

  stop(): void {
    this.#isStopped = true;
    this.#plugin?.stop();
  }

  async #run(): Promise<string> {
    const obstacle = await this.#shell.begin();
    if (obstacle !== undefined || this.#isStopped) return obstacle ?? "";
    const plugin = this.#start(logged(this.#channel, this.#shell));
    this.#plugin = plugin;
    const reason = await plugin.ended;
    await this.#shell.end();
    return reason;
  }
}

function logged(channel: DataChannel, shell: PreferredShell): OutputChannel {
  return {
    retryInput: () => {
      channel.retryInput();
    },
    send: (payloadType, payload) => {
      channel.send(payloadType, payload);
    },
    write: (payloadType, payload) => {
      shell.log(Buffer.from(payload));
      return channel.write(payloadType, payload);
    },
  };
}
