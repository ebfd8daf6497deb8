import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AWS_TIMING } from "../../../sandbox/agent/timing.ts";
import { systemClock } from "../../../session-manager/clock.ts";
import { agentBench, until, type AgentBench, type AgentBenchOptions } from "./agent-bench.ts";
import { isRunning } from "../instances/process-state.ts";
import { acknowledgement, handshakeResponse, RecordingLink, written } from "./hand-written-wire.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "home-"));
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

/** Acknowledges all that comes, as a client does. */
class AcknowledgingLink extends RecordingLink {
  bench: AgentBench | undefined;

  override send(message: Buffer): void {
    super.send(message);
    const heard = this.messages.at(-1);
    if (heard?.type === "output_stream_data") queueMicrotask(() => this.bench?.session.receive(acknowledgement(heard)));
  }

  text(payloadType = 1): string {
    const payloads = this.output.filter((message) => message.payloadType === payloadType);
    return Buffer.concat(payloads.map((message) => message.payload)).toString();
  }
}

function started(options: AgentBenchOptions): { bench: AgentBench; link: AcknowledgingLink } {
  const bench = agentBench({ clock: systemClock, home, ...options });
  const link = new AcknowledgingLink();
  link.bench = bench;
  bench.session.attach(link);
  return { bench, link };
}

const typed = (number: number, text: string): Buffer => written({ number, payload: Buffer.from(text) });
const size = (number: number, columns: number, rows: number): Buffer =>
  written({ number, payloadType: 3, payload: Buffer.from(JSON.stringify({ cols: columns, rows })) });

describe("ShellPlugin", () => {
  it("shows a shell without a handshake, reads what is typed and the terminal's size, and ends with the shell", async () => {
    const { bench, link } = started({ documentName: "SSM-SessionManagerRunShell" });
    await until(() => link.text() !== "");
    expect(link.output[0]).toMatchObject({ number: 0, payloadType: 1, flags: 1 });
    bench.session.receive(size(0, 101, 31));
    bench.session.receive(typed(1, "stty size; echo $TERM; pwd\n"));
    await until(() => link.text().includes(`31 101\r\nxterm-256color\r\n${home}\r\n`));
    bench.session.receive(typed(2, "exit\n"));
    await expect(bench.session.ended).resolves.toBe("");
    expect(link.acknowledged.filter((number) => number === 2)).toHaveLength(1);
  });

  it("runs the command of InteractiveCommands on a terminal", async () => {
    const command = ["tty > /dev/null && printf on-a-terminal; read line; echo $line"];
    const { bench, link } = started({ documentName: "AWS-StartInteractiveCommand", parameters: { command } });
    await until(() => link.text().includes("on-a-terminal"));
    bench.session.receive(typed(0, "typed\n"));
    await expect(bench.session.ended).resolves.toBe("");
    expect(link.text()).toMatch(/typed\r\n.*typed/s);
  });

  it("loses nothing of what a command writes right before its end", async () => {
    const parameters = { command: ["seq 1 100000"] };
    const { bench, link } = started({ documentName: "AWS-StartInteractiveCommand", parameters });
    await bench.session.ended;
    expect(link.text().split("\r\n").slice(-3)).toEqual(["99999", "100000", ""]);
  });

  it("cuts no character in two", async () => {
    const parameters = { command: [`awk 'BEGIN { for (i = 0; i < 3000; i++) printf "x€" }'`] };
    const { bench, link } = started({ documentName: "AWS-StartInteractiveCommand", parameters });
    await bench.session.ended;
    const texts = link.output.map((message) => message.payload.toString());
    expect(texts.join("")).toBe("x€".repeat(3000));
    expect(texts.filter((text) => text.includes("\u{fffd}"))).toEqual([]);
  });

  it("refuses input until the terminal is there, so that the client sends it again", () => {
    const { bench, link } = started({ documentName: "SSM-SessionManagerRunShell" });
    bench.session.receive(size(0, 80, 24));
    expect(link.acknowledged).toEqual([]);
    bench.session.stop("");
  });

  it("waits 1 s before its first output when it is timed like AWS's", async () => {
    const bench = agentBench({ documentName: "SSM-SessionManagerRunShell", timing: AWS_TIMING, home });
    await new Promise((resolve) => setTimeout(resolve, 200)); // until the shell has shown its prompt to its terminal
    await bench.clock.advance(999);
    expect(bench.link.output).toEqual([]);
    await bench.clock.advance(1);
    await until(() => bench.link.output.length > 0);
    bench.session.stop("");
  });

  it("hangs up on its program when the session ends", async () => {
    const parameters = { command: ["echo $$; exec sleep 600"] };
    const { bench, link } = started({ documentName: "AWS-StartInteractiveCommand", parameters });
    await until(() => link.text().includes("\n"));
    bench.session.stop("");
    const pid = Number(link.text());
    await until(() => !isRunning(pid));
    expect(isRunning(pid)).toBe(false);
  });
});

describe("CommandPlugin", () => {
  const documentName = "AWS-StartNonInteractiveCommand";

  async function run(parameters: Record<string, string[]>): Promise<AcknowledgingLink> {
    const { bench, link } = started({ documentName, parameters });
    bench.session.receive(handshakeResponse());
    await bench.session.ended;
    return link;
  }

  it("sends stdout and stderr apart, then the exit code", async () => {
    const link = await run({ command: [`sh -c "echo out; echo err >&2; exit 7"`], separateOutputStream: ["true"] });
    expect([link.text(1), link.text(11), link.text(12)]).toEqual(["out\n", "err\n", "EXIT_CODE: 7"]);
    expect(link.output.at(-1)?.payloadType).toBe(12);
  });

  it("sends all output at the end and no exit code where the outputs are not separate", async () => {
    const link = await run({ command: [`sh -c "echo out; echo err >&2; exit 7"`] });
    expect(link.text(1).split("\n").sort()).toEqual(["", "err", "out"]);
    expect([link.text(11), link.text(12)]).toEqual(["", ""]);
  });

  it("puts the prefixes before each line", async () => {
    const command = [`sh -c "printf 'a\\nb\\n'; printf 'c\\n' >&2"`];
    const prefixes = { stdOutSeparatorPrefix: ["O:"], stdErrSeparatorPrefix: ["E:"] };
    const link = await run({ command, separateOutputStream: ["true"], ...prefixes });
    expect([link.text(1), link.text(11)]).toEqual(["O:a\nO:b\n", "E:c\n"]);
  });

  it("runs the words of the command, not a shell", async () => {
    const link = await run({ command: ["echo $HOME | cat"], separateOutputStream: ["true"] });
    expect(link.text(1)).toBe("$HOME | cat\n");
  });

  it("tells of a program that does not exist, with exit code 127", async () => {
    const link = await run({ command: ["no-such-program"], separateOutputStream: ["true"] });
    expect([link.text(11), link.text(12)]).toEqual([expect.stringContaining("ENOENT"), "EXIT_CODE: 127"]);
  });

  it("takes Ctrl-C as SIGINT", async () => {
    const parameters = { command: ["sleep 600"], separateOutputStream: ["true"] };
    const { bench, link } = started({ documentName, parameters });
    bench.session.receive(handshakeResponse());
    const press = setInterval(() => {
      bench.session.receive(typed(1, "\u0003"));
    }, 20);
    await bench.session.ended;
    clearInterval(press);
    expect(link.text(12)).toBe("EXIT_CODE: 130");
  });
});
