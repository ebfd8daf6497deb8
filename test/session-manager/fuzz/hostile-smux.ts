// Smux streams: frames of version 1, one of them changed, cut into pieces anywhere.
import { SmuxFrameReader } from "../../../session-manager/sessions/smux-frame-reader.ts";
import type { SeededRandom } from "./seeded-random.ts";

const HEADER_BYTES = 8;

/** One frame, little-endian as the library writes it. */
export function validSmuxFrame(random: SeededRandom): Buffer {
  const command = random.below(4);
  const data = command === 2 ? random.bytes(random.oneOf([0, 1, 7, 8, 60])) : Buffer.alloc(0);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(1, 0);
  header.writeUInt8(command, 1);
  header.writeUInt16LE(data.length, 2);
  header.writeUInt32LE(random.oneOf([0, 1, 3, 5, 0xffff_ffff]), 4);
  return Buffer.concat([header, data]);
}

/** The frame with one field of its header changed. */
export function withHeaderChanged(frame: Buffer, random: SeededRandom): Buffer {
  const bytes = Buffer.from(frame);
  const field = random.below(4);
  if (field === 0) bytes.writeUInt8(random.below(256), 0);
  else if (field === 1) bytes.writeUInt8(random.below(256), 1);
  else if (field === 2) bytes.writeUInt16LE(random.oneOf([0, 1, bytes.length, 0x7fff, 0xffff]), 2);
  else bytes.writeUInt32LE(random.below(2 ** 32), 4);
  return bytes;
}

/** Several frames behind each other; with `change`, one of them is changed. */
export function smuxStream(random: SeededRandom, change: boolean): Buffer {
  const frames = Array.from({ length: 1 + random.below(6) }, () => validSmuxFrame(random));
  const changed = change ? random.below(frames.length) : -1;
  return Buffer.concat(frames.map((frame, index) => (index === changed ? withHeaderChanged(frame, random) : frame)));
}

/** What a reader told. */
export interface SmuxStory {
  readonly frames: number;
  readonly dataBytes: number;
  /** How often it called its listener: its steps. */
  readonly steps: number;
}

/** Reads the bytes in pieces of 1 to 16. */
export function readSmuxStream(bytes: Buffer, random: SeededRandom): SmuxStory {
  let [frames, dataBytes, pieces] = [0, 0, 0];
  const reader = new SmuxFrameReader({
    onFrame: () => (frames += 1),
    onData: (_streamId, data) => {
      dataBytes += data.length;
      pieces += 1;
    },
  });
  for (let rest = bytes; rest.length > 0;) {
    const piece = rest.subarray(0, 1 + random.below(16));
    reader.read(piece);
    rest = rest.subarray(piece.length);
  }
  return { frames, dataBytes, steps: frames + pieces };
}
