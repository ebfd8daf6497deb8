// The smux header against frames written by hand.
import { describe, expect, it } from "@jest/globals";
import { decodeSmuxHeader, encodeSmuxHeader } from "../../../session-manager/wire/smux-header.ts";
import type { SmuxCommandNumber } from "../../../session-manager/wire/smux-header.ts";
import { expectCode } from "../expect-code.ts";
import { fromHex, readVectors } from "./vectors.ts";

interface SmuxVector {
  readonly name: string;
  readonly command: SmuxCommandNumber;
  readonly streamId: number;
  readonly data: string;
  readonly hex: string;
}

const { vectors } = readVectors("smux-frames") as { vectors: readonly SmuxVector[] };

describe("encodeSmuxHeader()", () => {
  it.each(vectors)("writes the bytes of: $name", ({ command, streamId, data, hex }) => {
    const header = encodeSmuxHeader({ command, streamId, payloadLength: data.length / 2 });
    expect(header.toString("hex") + data).toBe(hex);
  });

  it.each([
    ["a payload of 65,536 bytes", { payloadLength: 65_536 }],
    ["a stream id beyond 32 bits", { streamId: 0x1_0000_0000 }],
  ])("fails with RangeError on %s", (_, wrong) => {
    expect(() => encodeSmuxHeader({ command: 2, streamId: 3, payloadLength: 0, ...wrong })).toThrow(
      expect.objectContaining({ name: "RangeError" }),
    );
  });
});

describe("decodeSmuxHeader()", () => {
  it.each(vectors)("reads the bytes of: $name", ({ command, streamId, data, hex }) => {
    expect(decodeSmuxHeader(fromHex(hex))).toEqual({ command, streamId, payloadLength: data.length / 2 });
  });

  it("reads length and stream id as little-endian", () => {
    expect(decodeSmuxHeader(fromHex("0102008001000080"))).toEqual({
      command: 2,
      payloadLength: 32_768,
      streamId: 0x8000_0001,
    });
  });

  it.each([
    ["SMUX_TRUNCATED_HEADER on no bytes", ""],
    ["SMUX_TRUNCATED_HEADER when 7 of 8 bytes arrived", "01020500030000"],
    ["SMUX_BAD_VERSION on version 0", "0002050003000000"],
    ["SMUX_BAD_VERSION on version 2", "0202050003000000"],
    ["SMUX_BAD_COMMAND on UPD, which version 1 lacks", "0104050003000000"],
    ["SMUX_BAD_COMMAND on command 255", "01ff050003000000"],
  ])("fails with %s", (title, hex) => {
    expectCode(() => decodeSmuxHeader(fromHex(hex)), title.split(" ")[0] ?? "");
  });
});
