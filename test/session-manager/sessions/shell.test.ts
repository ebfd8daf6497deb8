// Shells and commands: sizes, keys, the streams that come back, and their ends.
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import { ShellSession } from "../../../session-manager/sessions/shell.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";
import { openOn } from "../opened-channel.ts";

const STDERR = 11;
const EXIT_CODE = 12;
const lost = new ConnectionError("CONNECTION_LOST", "connection lost: websocket closed with 1006");

let clock: FakeClock;
let network: FakeNetwork;
let shell: ShellSession;

/** Opens a session of this type whose agent shakes hands; what was sent is still there. */
async function open(sessionType = "NonInteractiveCommands", size = { columns: 80, rows: 24 }): Promise<void> {
  await openOn(
    { clock, network, sessionType },
    (channel, outcome) => (shell = new ShellSession(channel, outcome, size)),
  );
}

/** A shell whose agent shakes no hands. */
function startSilently(): { opened: Promise<void>; isMade: () => boolean } {
  let isMade = false;
  const channel = new DataChannel({
    ticket: { sessionId: "user-0123456789abcdef0", streamUrl: "wss://service.example/1", tokenValue: "secret" },
    clock,
    openTransport: network.openTransport,
    clientVersion: "1.2.764.0",
    mayBeSilent: true,
    accept: (opened, outcome) => {
      isMade = true;
      return (shell = new ShellSession(opened, outcome, { columns: 132, rows: 43 }));
    },
  });
  return { opened: channel.open(), isMade: () => isMade };
}

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
});

describe("opening", () => {
  it.each(["Standard_Stream", "InteractiveCommands", "NonInteractiveCommands"])("accepts %s", async (sessionType) => {
    await expect(open(sessionType)).resolves.toBeUndefined();
  });

  it("fails with SESSION_TYPE_UNEXPECTED for a port", async () => {
    await expect(open("Port")).rejects.toMatchObject({ code: "SESSION_TYPE_UNEXPECTED" });
  });

  it("tells the size first, as soon as the agent has spoken", async () => {
    const { opened } = startSilently();
    await clock.advance(0);
    network.connection.receive(agent.output(0, "$ "));
    await opened;
    shell.stdin.write("ls\r");
    expect(network.connection.takeSent()).toEqual([
      "ack 0",
      '0 type 3 "{\\"cols\\":132,\\"rows\\":43}"',
      '1 type 1 "ls\\r"',
    ]);
    expect(String(shell.stdout.read())).toBe("$ ");
  });

  it("takes an agent that is silent for 35 s for one that runs a silent command", async () => {
    const { opened, isMade } = startSilently();
    await clock.advance(34_999);
    expect(isMade()).toBe(false);
    await clock.advance(1);
    await opened;
    expect(network.connection.takeSent()).toEqual(['0 type 3 "{\\"cols\\":132,\\"rows\\":43}"']);
  });

  it("fails with OPEN_TIMED_OUT when the agent began a handshake and ended none", async () => {
    const { opened } = startSilently();
    const failure = opened.catch((error: unknown) => error);
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest());
    await clock.advance(35_000);
    await expect(failure).resolves.toMatchObject({ code: "OPEN_TIMED_OUT" });
  });

  it("fails with HANDSHAKE_REPEATED when the agent asks after it has shown something", async () => {
    const { opened } = startSilently();
    await clock.advance(0);
    network.connection.receive(agent.output(0, "$ "));
    await opened;
    network.connection.receive(agent.handshakeRequest(undefined, undefined, 1));
    await expect(text(shell.stdout)).rejects.toMatchObject({ code: "HANDSHAKE_REPEATED" });
  });
});

describe("resize()", () => {
  it("sends the new size", async () => {
    await open("Standard_Stream");
    network.connection.takeSent();
    shell.resize({ columns: 100, rows: 30 });
    expect(network.connection.takeSent()).toEqual(['2 type 3 "{\\"cols\\":100,\\"rows\\":30}"']);
  });

  it("sends the last of many sizes when there was no room for them", async () => {
    await open("Standard_Stream");
    shell.stdin.write(Buffer.alloc(512 * 1024));
    const before = network.connection.takeSent().length;
    for (let columns = 90; columns < 100; columns += 1) shell.resize({ columns, rows: 30 });
    expect(network.connection.takeSent()).toEqual([]);
    for (let number = 1; number <= before; number += 1) network.connection.receive(agent.acknowledgement(number));
    const sizes = network.connection.takeSent().filter((line) => line.includes("type 3"));
    expect(sizes).toEqual([expect.stringContaining('\\"cols\\":99')]);
  });

  it("does nothing after the end", async () => {
    await open();
    network.connection.receive(agent.channelClosed());
    network.connection.takeSent();
    shell.resize({ columns: 100, rows: 30 });
    expect(network.connection.takeSent()).toEqual([]);
  });
});

describe("stdin", () => {
  it("sends control characters and line feeds as they are", async () => {
    await open("Standard_Stream");
    network.connection.takeSent();
    shell.stdin.write("\u0003");
    shell.stdin.write("\n");
    const sent = network.connection.takeSent();
    expect(sent).toEqual(['2 type 1 "\\u0003"', '3 type 1 "\\n"']);
  });

  it("sends messages of at most 1,024 bytes", async () => {
    await open();
    network.connection.takeSent();
    shell.stdin.write(Buffer.alloc(2500));
    expect(network.connection.sent.map((bytes) => bytes.length - 120)).toEqual([1024, 1024, 452]);
  });

  it("holds the writer back until the agent acknowledges", async () => {
    await open();
    expect(shell.stdin.write(Buffer.alloc(128 * 1024))).toBe(false);
  });

  it("tells the far side nothing of its end", async () => {
    await open();
    network.connection.takeSent();
    shell.stdin.end();
    await clock.advance(60_000);
    expect(network.connection.takeSent().filter((line) => line.includes("type 10"))).toEqual([]);
    expect(shell.stdout.readableEnded).toBe(false);
  });
});

describe("stdout, stderr and exitCode", () => {
  it("keep a command's output, errors and exit code apart", async () => {
    await open();
    network.connection.receive(
      agent.output(2, "out "),
      agent.output(3, "wrong ", STDERR),
      agent.output(4, "put"),
      agent.output(5, "EXIT_CODE: 3", EXIT_CODE),
      agent.channelClosed(),
    );
    expect(await Promise.all([text(shell.stdout), text(shell.stderr)])).toEqual(["out put", "wrong "]);
    await expect(shell.exitCode).resolves.toBe(3);
  });

  it("has no exit code where the agent tells none", async () => {
    await open("InteractiveCommands");
    network.connection.receive(agent.channelClosed());
    await expect(shell.exitCode).resolves.toBeUndefined();
  });

  it.each(["EXIT_CODE: ", "EXIT_CODE: 1; reboot", "7", "", "EXIT_CODE: 99999999999"])(
    "fails with EXIT_CODE_BAD for %j",
    async (code) => {
      await open();
      network.connection.receive(agent.output(2, code, EXIT_CODE));
      await expect(text(shell.stdout)).rejects.toMatchObject({ code: "EXIT_CODE_BAD" });
    },
  );

  it.each(["stdout", "stderr"] as const)("stop the network while the reader of %s is behind", async (name) => {
    await open();
    const type = name === "stdout" ? 1 : STDERR;
    for (let number = 2; number < 2 + 17; number += 1) {
      network.connection.receive(agent.output(number, Buffer.alloc(64 * 1024), type));
    }
    expect(network.connection.isPaused).toBe(true);
    shell[name].resume();
    await clock.advance(0);
    expect(network.connection.isPaused).toBe(false);
  });

  it("go on when whoever was behind goes away", async () => {
    await open();
    for (let number = 2; number < 2 + 17; number += 1) {
      network.connection.receive(agent.output(number, Buffer.alloc(64 * 1024), STDERR));
    }
    shell.stderr.destroy();
    await clock.advance(0);
    expect(network.connection.isPaused).toBe(false);
  });
});

describe("the end", () => {
  it("tells who ended it and why", async () => {
    await open();
    network.connection.receive(agent.channelClosed("Your session timed out due to inactivity."));
    await expect(shell.ended).resolves.toEqual({ by: "agent", reason: "Your session timed out due to inactivity." });
  });

  it("fails stdout alone when the connection is lost for good", async () => {
    await open();
    network.connection.lose(lost);
    await expect(text(shell.stdout)).rejects.toBe(lost);
    await expect(text(shell.stderr)).resolves.toBe("");
    expect(shell.stdin.destroyed).toBe(true);
    await expect(shell.exitCode).resolves.toBeUndefined();
  });

  it("sends no flag when it is closed, since shells obey none", async () => {
    await open("Standard_Stream");
    network.connection.takeSent();
    await shell.close();
    expect(network.connection.takeSent()).toEqual([]);
    expect(network.connection.isClosed).toBe(true);
    await expect(shell.ended).resolves.toMatchObject({ by: "client" });
    expect(clock.pending).toBe(0);
  });
});
