// Vectors of test/vectors/ in the shape that the codecs' tests want.
import { readFileSync } from "node:fs";
import type { AgentMessage } from "../../../session-manager/wire/agent-message.ts";

interface AgentMessageVector {
  readonly name: string;
  readonly messageType: string;
  readonly sequenceNumber: number;
  readonly flags: number;
  readonly messageId: string;
  readonly payloadType: number | null;
  readonly payloadText?: string;
  readonly payload?: string;
  readonly header: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
}

/** A file of test/vectors/, parsed. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8"));
}

/** Hex with blanks as bytes. */
export const fromHex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** The worked examples: what the message says, and its bytes. */
export const agentMessageVectors = (
  readVectors("agent-messages") as { vectors: readonly AgentMessageVector[] }
).vectors.map((vector) => {
  const payload = vector.payload === undefined ? Buffer.from(vector.payloadText ?? "") : fromHex(vector.payload);
  const message: AgentMessage = {
    messageType: vector.messageType,
    schemaVersion: 1,
    createdDateMs: 1_700_000_000_000,
    sequenceNumber: vector.sequenceNumber,
    flags: vector.flags,
    messageId: vector.messageId,
    payloadType: vector.payloadType ?? undefined,
    payload,
  };
  const bytes = Buffer.concat([...vector.header.map(fromHex), payload]);
  return { name: vector.name, message, bytes, length: vector.bytes, sha256: vector.sha256 };
});

/** The worked example with this name, as a copy to spoil. */
export function agentMessageVector(name: string): { message: AgentMessage; bytes: Buffer } {
  const vector = agentMessageVectors.find((candidate) => candidate.name === name);
  if (vector === undefined) throw new Error(`no vector is called "${name}"`);
  return { message: vector.message, bytes: Buffer.from(vector.bytes) };
}
