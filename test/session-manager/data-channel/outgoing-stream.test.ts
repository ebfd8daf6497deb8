// Numbers, acknowledgements, resending and room of what we send.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { INITIAL_WINDOW_BYTES } from "../../../session-manager/data-channel/in-flight-window.ts";
import { GIVE_UP_MS, OutgoingStream } from "../../../session-manager/data-channel/outgoing-stream.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { inShort } from "../agent-messages.ts";

const MESSAGE_BYTES = 120 + 1024;

let clock: FakeClock;
let stream: OutgoingStream;
let transmitted: Buffer[];
let told: string[];
let isBlocked: boolean;

beforeEach(() => {
  clock = new FakeClock();
  transmitted = [];
  told = [];
  isBlocked = false;
  stream = new OutgoingStream({
    clock,
    transmit: (bytes) => transmitted.push(bytes),
    isBlocked: () => isBlocked,
    onRoom: () => told.push("room"),
    onResent: (count, timeoutMs) => told.push(`resent ${count} after ${timeoutMs}`),
    onGivenUp: () => told.push("given up"),
  });
  stream.setFlow("flowing");
});

const send = (count = 1): void => {
  for (let index = 0; index < count; index += 1) stream.send(1, Buffer.alloc(1024));
};
const numbers = (): string[] => transmitted.splice(0).map((bytes) => inShort(bytes).split(" ")[0] ?? "");

/** Fills the window, and says how many messages that took. */
function fill(): number {
  let count = 0;
  for (; stream.hasRoom; count += 1) send();
  return count;
}

describe("OutgoingStream.send()", () => {
  it("numbers messages from 0, whatever their type", () => {
    stream.send(6, Buffer.from("a"));
    stream.send(1, Buffer.from("b"));
    stream.send(10, Buffer.from("c"));
    expect(transmitted.map(inShort)).toEqual(['0 type 6 "a"', '1 type 1 "b"', '2 type 10 "c"']);
  });

  it("keeps a copy, so that the caller may use its buffer again", async () => {
    const payload = Buffer.from("kept");
    stream.send(1, payload);
    payload.fill(0);
    await clock.advance(1000);
    expect(inShort(transmitted[1] ?? Buffer.alloc(0))).toBe('0 type 1 "kept"');
  });

  it("gives each message an id of its own", () => {
    send(2);
    expect(transmitted[0]?.subarray(64, 80)).not.toEqual(transmitted[1]?.subarray(64, 80));
  });
});

describe("OutgoingStream.hasRoom", () => {
  it("ends before a message that the window might not hold", () => {
    expect(fill()).toBe(Math.floor(INITIAL_WINDOW_BYTES / MESSAGE_BYTES));
    expect(stream.inFlightBytes).toBeLessThanOrEqual(INITIAL_WINDOW_BYTES);
  });

  it("counts headers, so that one-byte messages have a ceiling too", () => {
    while (stream.hasRoom) stream.send(1, Buffer.from("x"));
    expect(transmitted.length).toBeLessThanOrEqual(INITIAL_WINDOW_BYTES / 121);
    expect(transmitted.length).toBeGreaterThan((INITIAL_WINDOW_BYTES - 2000) / 121);
  });

  it("comes back with an acknowledgement, and says so once", () => {
    fill();
    stream.acknowledge(0);
    stream.acknowledge(1);
    expect(told).toEqual(["room"]);
  });

  it("comes back silently if nobody asked for it", () => {
    send(1000);
    for (let number = 0; number < 1000; number += 1) stream.acknowledge(number);
    expect(told).toEqual([]);
  });

  it("is there for one message at a time while the agent is away", () => {
    stream.setFlow("probing");
    send();
    expect(stream.hasRoom).toBe(false);
    stream.acknowledge(0);
    expect(stream.hasRoom).toBe(true);
  });

  it("is not there while there is no connection", () => {
    stream.setFlow("held");
    expect(stream.hasRoom).toBe(false);
    stream.setFlow("flowing");
    expect(told).toEqual(["room"]);
  });
});

describe("resending", () => {
  it("sends the same bytes again after 1 s, as long as nothing was measured", async () => {
    send();
    await clock.advance(999);
    expect(transmitted).toHaveLength(1);
    await clock.advance(1);
    expect(transmitted[1]).toEqual(transmitted[0]);
    expect(told).toEqual(["resent 1 after 1000"]);
  });

  it("sends all that expired, not only the oldest", async () => {
    send(3);
    numbers();
    await clock.advance(1000);
    expect(numbers()).toEqual(["0", "1", "2"]);
  });

  it("leaves out what was acknowledged in between", async () => {
    send(3);
    numbers();
    stream.acknowledge(1);
    await clock.advance(300);
    expect(numbers()).toEqual(["0", "2"]);
  });

  it("waits twice as long each time", async () => {
    send();
    await clock.advance(1000 + 2000 + 4000);
    expect(told).toEqual(["resent 1 after 1000", "resent 1 after 2000", "resent 1 after 4000"]);
  });

  it("waits longer when acknowledgements take longer", async () => {
    send();
    await clock.advance(190);
    stream.acknowledge(0); // smoothed 111.25, variation 22.5: 201.25
    send();
    await clock.advance(201);
    expect(told).toEqual([]);
    await clock.advance(99);
    expect(told).toEqual(["resent 1 after 201.25"]);
  });

  it("learns nothing from the acknowledgement of a resent message, which may be that of either copy", async () => {
    send();
    await clock.advance(5000);
    stream.acknowledge(0);
    told.length = 0;
    send();
    await clock.advance(10_000);
    expect(told[0]).toBe("resent 1 after 4000");
  });

  it("does nothing while earlier bytes have not left, or nobody reads", async () => {
    isBlocked = true;
    send();
    await clock.advance(GIVE_UP_MS + 1000);
    expect([transmitted.length, told]).toEqual([1, []]);
  });

  it("starts its waits anew when somebody reads again", async () => {
    isBlocked = true;
    send();
    await clock.advance(GIVE_UP_MS);
    isBlocked = false;
    stream.restartWaits();
    await clock.advance(999);
    expect([transmitted.length, told]).toEqual([1, []]);
    await clock.advance(101);
    expect(told).toEqual(["resent 1 after 1000"]);
  });

  it("tries the oldest only while the agent is away", async () => {
    send(3);
    numbers();
    stream.setFlow("probing");
    await clock.advance(1000);
    expect(numbers()).toEqual(["0"]);
  });

  it("ends when all is acknowledged, and leaves no timer", async () => {
    send();
    stream.acknowledge(0);
    await clock.advance(1000);
    expect([clock.pending, transmitted.length]).toEqual([0, 1]);
  });

  it("gives up after five minutes without any acknowledgement", async () => {
    send();
    await clock.advance(GIVE_UP_MS - 1);
    expect(told).not.toContain("given up");
    await clock.advance(101);
    expect(told).toContain("given up");
  });

  it("does not give up while some acknowledgements come", async () => {
    send(10);
    for (let number = 0; number < 10; number += 1) {
      await clock.advance(GIVE_UP_MS / 2);
      stream.acknowledge(number);
    }
    expect(told).not.toContain("given up");
  });

  it("does not give up an agent that is known to be away", async () => {
    stream.setFlow("probing");
    send();
    await clock.advance(2 * GIVE_UP_MS);
    expect(told).not.toContain("given up");
  });
});

describe("OutgoingStream.acknowledge()", () => {
  it("ignores numbers that were never sent, and second acknowledgements", () => {
    send();
    for (const number of [5, 0, 0, 2 ** 53]) stream.acknowledge(number);
    expect(stream.inFlightBytes).toBe(0);
  });
});

describe("OutgoingStream.resendAll()", () => {
  it("sends what is unacknowledged at once, oldest first", () => {
    send(4);
    stream.acknowledge(1);
    numbers();
    stream.resendAll();
    expect(numbers()).toEqual(["0", "2", "3"]);
  });

  it("sends no more at once than a new path may carry, and the rest with acknowledgements", () => {
    for (let number = 0; number < 300; number += 1) {
      send();
      if (number < 100) stream.acknowledge(number); // the window is wide by now
    }
    numbers();
    stream.resendAll();
    const first = numbers();
    expect([first[0], first.length]).toEqual(["100", Math.ceil(INITIAL_WINDOW_BYTES / MESSAGE_BYTES)]);
    const rest: string[] = [];
    for (let number = 100; number < 300; number += 1) {
      stream.acknowledge(number);
      rest.push(...numbers());
    }
    expect([...first, ...rest]).toEqual(Array.from({ length: 200 }, (_, index) => String(100 + index)));
  });

  it("leaves out what is acknowledged while it waits", () => {
    send(300);
    numbers();
    stream.resendAll();
    const first = numbers().length;
    for (let number = 0; number < 300; number += 1) if (number !== 299) stream.acknowledge(299 - number);
    expect(
      numbers()
        .map(Number)
        .every((number) => number < 299),
    ).toBe(true);
    expect(first).toBeLessThan(60);
  });

  it("sends nothing twice that a later loss makes wait again", () => {
    send(100);
    numbers();
    stream.resendAll();
    const first = numbers();
    stream.resendAll();
    expect(numbers().slice(0, 3)).toEqual(first.slice(0, 3));
  });
});

describe("OutgoingStream.whenEmpty()", () => {
  it("resolves with the last acknowledgement", async () => {
    send(2);
    void stream.whenEmpty().then(() => told.push("empty"));
    stream.acknowledge(1);
    await clock.advance(0);
    expect(told).toEqual([]);
    stream.acknowledge(0);
    await clock.advance(0);
    expect(told).toEqual(["empty"]);
  });

  it("resolves when the stream is stopped, and no timer stays", async () => {
    send();
    const empty = stream.whenEmpty();
    stream.stop();
    await empty;
    expect(clock.pending).toBe(0);
  });
});
