// Port forwarding for clients older than 1.1.70: one connection at a time, opened when the client has something to say.
import type { Duplex } from "node:stream";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { Flag } from "../../session-manager/wire/flag.ts";
import { flagIn, type DataChannel } from "./data-channel.ts";
import type { Handled } from "./inbox.ts";
import { failure, type Plugin } from "./plugin.ts";
import { writeInput } from "./write-input.ts";

/** Source: aws/amazon-ssm-agent agent/session/plugins/port/port_basic.go. */
export class BasicPortPlugin implements Plugin {
  readonly ended: Promise<string>;
  readonly #channel: DataChannel;
  readonly #dial: () => Promise<Duplex>;
  #connection: Duplex | undefined;
  #isStopped = false;
  #end: (reason: string) => void = () => undefined;

  constructor(channel: DataChannel, dial: () => Promise<Duplex>) {
    this.#channel = channel;
    this.#dial = dial;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  input(message: AgentMessage): Handled {
    if (flagIn(message) === Flag.disconnectToPort) this.#disconnect();
    if (message.payloadType !== PayloadType.output) return "done";
    if (this.#connection !== undefined) return writeInput(this.#connection, message.payload);
    return this.#connect().then(
      (connection) => writeInput(connection, message.payload),
      (error: unknown) => {
        this.#end(failure(`Unable to connect to specified port: ${(error as Error).message}`));
        return "done";
      },
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#disconnect();
  }

  #disconnect(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #connect(): Promise<Duplex> {
    const connection = await this.#dial();
    this.#connection = connection;
    if (this.#isStopped) this.#disconnect();
    connection.on("error", () => undefined); // "close" follows
    connection.once("close", () => {
      if (this.#connection === connection) this.#connection = undefined; // the client is not told: there is no word for it
    });
    connection.on("data", (chunk: Buffer) => {
      connection.pause();
      void this.#channel.write(PayloadType.output, chunk).then(() => connection.resume());
    });
    connection.once("end", () => connection.end());
    return connection;
  }
}
