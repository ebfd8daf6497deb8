// What one connection of a schedule is to do: how much each way, how it is read, and who ends it when.
import fc from "fast-check";

/** How a connection ends, if its reader keeps up. */
export type Ending =
  /** The far side, when both directions are through. */
  | "agent closes"
  /** The far side, in the middle. */
  | "agent cuts"
  /** The agent does not reach the port. */
  | "refused"
  /** We, when both directions are through. */
  | "client closes"
  /** We end our direction at once; what the far side still says may be lost, as smux has no half-close. */
  | "client ends early"
  /** We, in the middle, and want nothing more. */
  | "client destroys";

/** How the local side reads: as it comes, a little at a time, or not at all until a time. */
export type Reading =
  | { readonly kind: "flowing" }
  | { readonly kind: "slow"; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: "late"; readonly atMs: number };

export interface PlannedConnection {
  /** Distinguishes the bytes of one connection from those of another. */
  readonly pattern: number;
  readonly openAtMs: number;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
  /** The far side sends this much at a time, and we write this much at a time. */
  readonly pieceBytes: number;
  readonly ending: Ending;
  /** When "agent cuts" and "client destroys" happen: after so many bytes, both ways together. */
  readonly afterBytes: number;
  readonly reading: Reading;
}

const reading: fc.Arbitrary<Reading> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ kind: "flowing" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("slow" as const),
      bytes: fc.integer({ min: 200, max: 4000 }),
      everyMs: fc.integer({ min: 10, max: 500 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("late" as const), atMs: fc.nat(20_000) }) },
);

export const plannedConnection: fc.Arbitrary<PlannedConnection> = fc.record({
  pattern: fc.nat(255),
  openAtMs: fc.nat(2000),
  uploadBytes: fc.oneof(fc.nat(1000), fc.nat(8000)),
  downloadBytes: fc.oneof(fc.nat(3000), fc.nat(30_000)),
  pieceBytes: fc.integer({ min: 300, max: 8000 }),
  ending: fc.constantFrom<Ending>(
    "agent closes",
    "agent cuts",
    "refused",
    "client closes",
    "client ends early",
    "client destroys",
  ),
  afterBytes: fc.nat(20_000),
  reading,
});

/** The bytes of one direction; no two positions near each other are alike, and no two connections. */
export function plannedBytes(plan: PlannedConnection, direction: "upload" | "download"): Buffer {
  const length = direction === "upload" ? plan.uploadBytes : plan.downloadBytes;
  const start = plan.pattern + (direction === "upload" ? 0 : 97);
  return Buffer.from(Uint8Array.from({ length }, (_, at) => start + at * 31 + (at >> 8) * 7));
}
