// What runs in a session once the handshake is over: the agent calls these its plugins.
import type { AgentMessage } from "../../session-manager/wire/agent-message.ts";
import type { DataChannel } from "./data-channel.ts";
import type { Handled } from "./inbox.ts";

/** A port, a shell or a command in a session. */
export interface Plugin {
  /** Takes a message of the input stream that is neither handshake nor a flag to end the session. */
  input(message: AgentMessage): Handled;
  /** Ends what runs; nothing is read from it any more. */
  stop(): void;
  /** Resolves when it is over by itself, with the reason that the person is to see; empty when all is well. */
  readonly ended: Promise<string>;
}

/** Starts a plugin on an established channel; `clientVersion` is empty where there was no handshake. */
export type StartPlugin = (channel: DataChannel, clientVersion: string) => Plugin;

/** A plugin that cannot be: its session ends as soon as it starts, and shows `reason`. */
export class FailedPlugin implements Plugin {
  readonly ended: Promise<string>;

  constructor(reason: string) {
    this.ended = Promise.resolve(failure(reason));
  }

  input(): "refused" {
    return "refused";
  }

  stop(): void {
    // Nothing runs.
  }
}

/** How AWS's agent begins the reason of a session that failed. Source: agent/framework/processor/executer/iohandler. */
export function failure(text: string): string {
  return `----------ERROR-------\n${text}`;
}
