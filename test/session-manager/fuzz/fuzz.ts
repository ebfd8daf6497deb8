// The fuzz run: inputs that a seed decides, one decoder each, and what every decoder owes to its caller.
import { ProtocolError } from "../../../session-manager/protocol-error.ts";
import { decoders } from "./decoders.ts";
import type { Decoder, Kind } from "./decoders.ts";
import { SeededRandom } from "./seeded-random.ts";

/** One input: the `index`th of a seed. */
export interface FuzzInput {
  readonly seed: number;
  readonly index: number;
  readonly decoder: Decoder;
  readonly kind: Kind;
  readonly bytes: Buffer;
}

/** What a run met. */
export interface FuzzStory {
  /** `agent message: decoded` or an error's code → how often. */
  readonly branches: Map<string, number>;
  readonly kinds: Map<Kind, number>;
}

/** A decoder broke its word; the message says how to see it again. */
export class FuzzFailure extends Error {
  constructor({ seed, index, decoder, kind, bytes }: FuzzInput, problem: string, cause?: unknown) {
    const shown = bytes.length > 400 ? `${bytes.subarray(0, 400).toString("hex")}…` : bytes.toString("hex");
    super(
      `${decoder.name}: ${problem} for input ${index} of seed ${seed} (${kind}, ${bytes.length} bytes: ${shown})\n` +
        `replay: npm run fuzz -- --seed ${seed} --only ${index}`,
      { cause },
    );
  }
}

/** A step is a node or a character of a result, or a call of a listener: no decoder makes more of a byte than this. */
const MAX_STEPS_PER_BYTE = 8;
const MAX_STEPS_AT_LEAST = 256;

/** An error's message is shown to people: one line of printable characters, of which it quotes 80 of the input at most. */
const MESSAGE = /^[\x20-\x7e…]{1,600}$/;

const kindsByWeight: readonly Kind[] = [
  "valid",
  ...Array<Kind>(14).fill("one field changed"),
  ...Array<Kind>(3).fill("broken"),
  ...Array<Kind>(2).fill("noise"),
];

/** The `index`th input of a seed, whatever came before it. */
export function fuzzInput(seed: number, index: number): FuzzInput {
  const random = new SeededRandom(seed, index);
  const decoder = random.oneOf(decoders);
  const kind = random.oneOf(kindsByWeight);
  const bytes = kind === "noise" ? random.bytes(random.below(300)) : decoder.make(kind, random);
  return { seed, index, decoder, kind, bytes };
}

/**
 * The branch that the input reaches: `<decoder>: decoded`, or the code of the ProtocolError.
 *
 * @throws FuzzFailure when anything else is thrown, a valid input is refused, or a result or a message is out of bounds
 */
export function branchOf(input: FuzzInput): string {
  const { decoder, bytes, seed, index, kind } = input;
  let result: unknown;
  try {
    result = decoder.decode(bytes, new SeededRandom(seed, index));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw new FuzzFailure(input, `threw ${String(error)}`, error);
    if (kind === "valid") throw new FuzzFailure(input, `refused a valid input with ${error.code}`);
    if (!MESSAGE.test(error.message)) throw new FuzzFailure(input, `said ${JSON.stringify(error.message)}`);
    return error.code;
  }
  const steps = stepsOf(result);
  const limit = MAX_STEPS_AT_LEAST + MAX_STEPS_PER_BYTE * bytes.length;
  if (steps > limit) throw new FuzzFailure(input, `took ${steps} steps, more than ${limit},`);
  return `${decoder.name}: decoded`;
}

/** Runs the inputs `from` up to, not including, `to`. @throws FuzzFailure as branchOf() */
export function fuzz(seed: number, from: number, to: number): FuzzStory {
  const story: FuzzStory = { branches: new Map(), kinds: new Map() };
  for (let index = from; index < to; index += 1) {
    const input = fuzzInput(seed, index);
    const branch = branchOf(input);
    story.branches.set(branch, (story.branches.get(branch) ?? 0) + 1);
    story.kinds.set(input.kind, (story.kinds.get(input.kind) ?? 0) + 1);
  }
  return story;
}

/** Nodes and characters of a result, or the steps that it tells itself; not recursive, as JSON may be deep. */
function stepsOf(result: unknown): number {
  let steps = 0;
  const rest: unknown[] = [result];
  for (let value = rest.pop(); value !== undefined || rest.length > 0; value = rest.pop()) {
    steps += 1;
    if (typeof value === "string" || value instanceof Uint8Array) steps += value.length;
    else if (typeof value === "object" && value !== null) {
      if ("steps" in value && typeof value.steps === "number") steps += value.steps;
      for (const member of Object.values(value)) rest.push(member);
    }
  }
  return steps;
}

/** Everything that a fuzz run must reach: each decoder's success, and each way in which it refuses. */
export const expectedBranches: readonly string[] = [
  ...decoders.map(({ name }) => `${name}: decoded`),
  ...["TOO_SHORT", "BAD_HEADER_LENGTH", "BAD_TYPE", "BAD_CREATED_DATE", "BAD_SEQUENCE_NUMBER", "BAD_FLAGS"].map(
    (code) => `AGENT_MESSAGE_${code}`,
  ),
  "AGENT_MESSAGE_TRUNCATED",
  "AGENT_MESSAGE_DIGEST_MISMATCH",
  "FLAG_BAD_LENGTH",
  "EXIT_CODE_BAD",
  "PAYLOAD_UNDECRYPTABLE",
  "SMUX_TRUNCATED_HEADER",
  "SMUX_BAD_VERSION",
  "SMUX_BAD_COMMAND",
  ...[
    "ACKNOWLEDGE",
    "CHANNEL_CLOSED",
    "HANDSHAKE_REQUEST",
    "HANDSHAKE_RESPONSE",
    "HANDSHAKE_COMPLETE",
    "OPEN_DATA_CHANNEL",
    "ENCRYPTION_CHALLENGE",
  ].flatMap((subject) => ["TOO_LONG", "NOT_JSON", "BAD_MEMBER"].map((code) => `${subject}_${code}`)),
];
