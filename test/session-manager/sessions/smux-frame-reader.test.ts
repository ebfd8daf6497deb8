// Frames, however the bytes are cut.
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { SmuxFrameReader } from "../../../session-manager/sessions/smux-frame-reader.ts";
import { expectCode } from "../expect-code.ts";

/** A reader, and what it told: `0:3:0` for a frame (command, stream, length), `3=GET` for data, joined over cuts. */
function newReader(): { reader: SmuxFrameReader; told: string[] } {
  const told: string[] = [];
  const reader = new SmuxFrameReader({
    onFrame: ({ command, streamId, payloadLength }) => told.push(`${command}:${streamId}:${payloadLength}`),
    onData: (streamId, bytes) => {
      const last = told.at(-1);
      if (last?.startsWith(`${streamId}=`) === true) told[told.length - 1] = last + bytes.toString();
      else told.push(`${streamId}=${bytes.toString()}`);
    },
  });
  return { reader, told };
}

const stream = Buffer.from(
  "0100000003000000" +
    "0102030003000000474554" +
    "0103000000000000" +
    "0102050005000000" +
    "68656c6c6f" +
    "0101000003000000",
  "hex",
);
const frames = ["0:3:0", "2:3:3", "3=GET", "3:0:0", "2:5:5", "5=hello", "1:3:0"];

describe("SmuxFrameReader", () => {
  it("reads several frames from one payload", () => {
    const { reader, told } = newReader();
    reader.read(stream);
    expect(told).toEqual(frames);
  });

  it("reads the same frames wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const { reader, told } = newReader();
        const borders = [0, ...cuts.sort((a, b) => a - b), stream.length];
        borders.slice(1).forEach((end, index) => {
          reader.read(stream.subarray(borders[index], end));
        });
        expect(told).toEqual(frames);
      }),
    );
  });

  it("passes over the data of frames that should have none", () => {
    const { reader, told } = newReader();
    reader.read(Buffer.from("0103020000000000" + "ffff" + "0100000003000000", "hex"));
    expect(told).toEqual(["3:0:2", "0:3:0"]);
  });

  it("fails with SMUX_BAD_VERSION as soon as the header is whole", () => {
    const { reader } = newReader();
    reader.read(Buffer.from("0200", "hex"));
    expectCode(() => {
      reader.read(Buffer.from("000003000000", "hex"));
    }, "SMUX_BAD_VERSION");
  });
});
