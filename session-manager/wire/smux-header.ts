// The header of a smux frame: how many connections share one port session.
import { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";

/** Header size in bytes; the data follows. */
export const SMUX_HEADER_BYTES = 8;

/** The version that Session Manager speaks; version 2 adds windows, and nobody here uses it. */
export const SMUX_VERSION = 1;

/** The most that the length field can say. */
export const MAX_SMUX_PAYLOAD_BYTES = 65_535;

/** What a frame does to its stream. */
export const SmuxCommand = { syn: 0, fin: 1, psh: 2, nop: 3 } as const;

/** One of SmuxCommand. */
export type SmuxCommandNumber = (typeof SmuxCommand)[keyof typeof SmuxCommand];

/**
 * Header of a smux frame of version 1; integers are little-endian.
 *
 *   offset  bytes  field
 *   0       1      version
 *   1       1      command          SmuxCommand
 *   2       2      payload length   bytes after the header; 0 except in PSH
 *   4       4      stream id        odd: opened by the client, the first is 3
 *
 * Source: xtaci/smux frame.go.
 */
export interface SmuxHeader {
  readonly command: SmuxCommandNumber;
  readonly payloadLength: number;
  readonly streamId: number;
}

/** The eight bytes before a frame's data. @throws RangeError if a field does not fit */
export function encodeSmuxHeader(header: SmuxHeader): Buffer {
  const bytes = Buffer.allocUnsafe(SMUX_HEADER_BYTES);
  bytes.writeUInt8(SMUX_VERSION, 0);
  bytes.writeUInt8(header.command, 1);
  bytes.writeUInt16LE(header.payloadLength, 2);
  bytes.writeUInt32LE(header.streamId, 4);
  return bytes;
}

/**
 * The header at the start of these bytes.
 *
 * @throws ProtocolError with the code SMUX_TRUNCATED_HEADER, SMUX_BAD_VERSION or SMUX_BAD_COMMAND
 */
export function decodeSmuxHeader(bytes: Uint8Array): SmuxHeader {
  if (bytes.length < SMUX_HEADER_BYTES) {
    throw refusal("TRUNCATED_HEADER", `${bytes.length} of ${SMUX_HEADER_BYTES} bytes arrived`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(0);
  if (version !== SMUX_VERSION) throw refusal("BAD_VERSION", `version is ${version}, not ${SMUX_VERSION}`);
  const command = view.getUint8(1);
  if (!isSmuxCommand(command)) throw refusal("BAD_COMMAND", `command ${command} does not exist`);
  return { command, payloadLength: view.getUint16(2, true), streamId: view.getUint32(4, true) };
}

function isSmuxCommand(command: number): command is SmuxCommandNumber {
  return command <= SmuxCommand.nop;
}

function refusal(code: string, detail: string): ProtocolError {
  return new ProtocolError(`SMUX_${code}`, `cannot decode smux header: ${detail}`);
}
