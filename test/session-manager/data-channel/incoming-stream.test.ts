// Order, duplicates, and the two ceilings of what came too early.
import { describe, expect, it } from "@jest/globals";
import {
  IncomingStream,
  MAX_EARLY_BYTES,
  MAX_EARLY_MESSAGES,
} from "../../../session-manager/data-channel/incoming-stream.ts";
import { decodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import type { AgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { output } from "../agent-messages.ts";

const numbered = (sequenceNumber: number, payload: string | Buffer = "x"): AgentMessage =>
  decodeAgentMessage(output(sequenceNumber, payload));

describe("IncomingStream", () => {
  it("takes numbers from 0 as they come", () => {
    const stream = new IncomingStream();
    expect([0, 1, 2].map((number) => stream.receive(numbered(number)))).toEqual(["next", "next", "next"]);
  });

  it("has nothing to give after an ordinary message", () => {
    const stream = new IncomingStream();
    stream.receive(numbered(0));
    expect(stream.takeNext()).toBeUndefined();
  });

  it("keeps early messages, and gives them when their turn comes", () => {
    const stream = new IncomingStream();
    const verdicts = [2, 1, 4, 0].map((number) => stream.receive(numbered(number)));
    expect(verdicts).toEqual(["early", "early", "early", "next"]);
    expect([stream.takeNext()?.sequenceNumber, stream.takeNext()?.sequenceNumber]).toEqual([1, 2]);
    expect(stream.takeNext()).toBeUndefined();
  });

  it("knows duplicates of what it handed on and of what it keeps", () => {
    const stream = new IncomingStream();
    stream.receive(numbered(0));
    stream.receive(numbered(2));
    expect([stream.receive(numbered(0)), stream.receive(numbered(2))]).toEqual(["duplicate", "duplicate"]);
  });

  it("keeps a copy, not a view of what the network reads into", () => {
    const stream = new IncomingStream();
    const bytes = output(1, "kept");
    stream.receive(decodeAgentMessage(bytes));
    bytes.fill(0);
    stream.receive(numbered(0));
    expect(Buffer.from(stream.takeNext()?.payload ?? []).toString()).toBe("kept");
  });

  it("has no room for more early messages than MAX_EARLY_MESSAGES", () => {
    const stream = new IncomingStream();
    const message = numbered(1);
    for (let number = 1; number <= MAX_EARLY_MESSAGES; number += 1)
      stream.receive({ ...message, sequenceNumber: number });
    expect(stream.receive({ ...message, sequenceNumber: MAX_EARLY_MESSAGES + 1 })).toBe("no-room");
  });

  it("has no room for more early bytes than MAX_EARLY_BYTES, and again when some are taken", () => {
    const stream = new IncomingStream();
    const half = { ...numbered(1), payload: Buffer.alloc(MAX_EARLY_BYTES / 2) };
    stream.receive({ ...half, sequenceNumber: 1 });
    stream.receive({ ...half, sequenceNumber: 2 });
    expect(stream.receive(numbered(3))).toBe("no-room");
    stream.receive(numbered(0));
    stream.takeNext();
    expect(stream.receive(numbered(3))).toBe("early");
  });

  it("takes the message it waits for, however full it is", () => {
    const stream = new IncomingStream();
    stream.receive({ ...numbered(1), payload: Buffer.alloc(MAX_EARLY_BYTES) });
    expect(stream.receive(numbered(0))).toBe("next");
  });
});
