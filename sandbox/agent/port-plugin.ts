// A port session without multiplexing: the bytes of one connection, as AWS-StartSSHSession wants it.
import type { Duplex } from "node:stream";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { Flag } from "../../session-manager/wire/flag.ts";
import { flagIn, type DataChannel } from "./data-channel.ts";
import type { Handled } from "./inbox.ts";
import { failure, type Plugin } from "./plugin.ts";
import { writeInput } from "./write-input.ts";

/**
 * Joins the channel to one connection, which is opened now.
 *
 * Source: aws/amazon-ssm-agent agent/session/plugins/port/port_basic.go.
 */
export class PortPlugin implements Plugin {
  readonly ended: Promise<string>;
  readonly #channel: DataChannel;
  #connection: Duplex | undefined;
  #isStopped = false;
  #end: (reason: string) => void = () => undefined;

  constructor(channel: DataChannel, connect: () => Promise<Duplex>) {
    this.#channel = channel;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    connect().then(
      (connection) => {
        this.#open(connection);
      },
      (error: unknown) => {
        this.#end(failure(`Unable to connect to specified port: ${(error as Error).message}`));
      },
    );
  }

  input(message: AgentMessage): Handled {
    if (message.payloadType === PayloadType.flag) return this.#flag(flagIn(message));
    if (message.payloadType !== PayloadType.output) return "done";
    const connection = this.#connection;
    if (connection === undefined) return "refused";
    return writeInput(connection, message.payload);
  }

  stop(): void {
    this.#isStopped = true;
    this.#connection?.destroy();
  }

  #open(connection: Duplex): void {
    if (this.#isStopped) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    connection.on("error", (error) => {
      this.#end(failure(error.message));
    });
    void this.#copy(connection);
    this.#channel.retryInput();
  }

  async #copy(connection: Duplex): Promise<void> {
    try {
      for await (const chunk of connection) await this.#channel.write(PayloadType.output, chunk as Buffer);
      this.#end("");
    } catch {
      this.#end(failure("the connection to the port was lost"));
    }
  }

  #flag(flag: number | undefined): Handled {
    if (flag === Flag.disconnectToPort) {
      this.#connection?.destroy();
      this.#end(failure("the client disconnected the port"));
    }
    return "done";
  }
}
