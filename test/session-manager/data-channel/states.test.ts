// The list of moves, pair by pair.
import { describe, expect, it } from "@jest/globals";
import { move, MOVES } from "../../../session-manager/data-channel/states.ts";
import type { DataChannelState } from "../../../session-manager/data-channel/states.ts";
import { expectCode } from "../expect-code.ts";

const states = Object.keys(MOVES) as DataChannelState[];
const pairs = states.flatMap((from) => states.map((to) => ({ from, to, isMove: MOVES[from].includes(to) })));

describe("move()", () => {
  it.each(pairs.filter(({ isMove }) => isMove))("goes from $from to $to", ({ from, to }) => {
    expect(move(from, to)).toBe(to);
  });

  it.each(pairs.filter(({ isMove }) => !isMove))(
    "fails with DATA_CHANNEL_BAD_MOVE from $from to $to",
    ({ from, to }) => {
      expectCode(() => move(from, to), "DATA_CHANNEL_BAD_MOVE");
    },
  );
});

describe("MOVES", () => {
  it.each(states.filter((state) => state !== "closed"))("can close a channel that is %s", (state) => {
    expect(MOVES[state]).toContain("closed");
  });

  it("leads to every state but the first", () => {
    expect(new Set(Object.values(MOVES).flat())).toEqual(new Set(states.filter((state) => state !== "opening")));
  });
});
