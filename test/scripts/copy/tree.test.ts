import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../session-manager/clock.ts";
import { type Transfer } from "../../../scripts/copy/transfer.ts";
import { type Tree, type TreeSides, copyTree } from "../../../scripts/copy/tree.ts";
import type { Entry } from "../../../scripts/copy/tree-entries.ts";

function entry(name: string, kind: Entry["kind"], size = 0): Entry {
  return { name, kind, mode: 0o600, size, modifiedSeconds: 0 };
}

function tree(entries: readonly Entry[]): Tree {
  return {
    list: () => Promise.resolve(entries),
    digests: (names) => Promise.resolve(new Map(names.map((name) => [name, "0".repeat(64)]))),
  };
}

interface Outcome {
  readonly warnings: string[];
  readonly placed: string[][];
  readonly carried: string[];
  readonly useless: string[];
}

/** Sides that carry all that they are asked to, and note it. */
function sidesOf(source: readonly Entry[], staged: readonly Entry[] = []): { sides: TreeSides; outcome: Outcome } {
  const outcome: Outcome = { warnings: [], placed: [], carried: [], useless: [] };
  const nothing = (): Promise<void> => Promise.resolve();
  const sides: TreeSides = {
    source: tree(source),
    standing: tree([]),
    staged: tree(staged),
    open: nothing,
    prepare({ useless }) {
      outcome.useless.push(...useless);
      return nothing();
    },
    missingParts: (_entry, parts) => Promise.resolve(parts),
    carry(piece) {
      if (piece.kind === "batch") outcome.carried.push(...piece.entries.map(({ name }) => name));
      return nothing();
    },
    setStates: nothing,
    place(entries) {
      outcome.placed.push(entries.map(({ name }) => name));
      return nothing();
    },
  };
  return { sides, outcome };
}

function transfer({ warnings }: Outcome): Transfer {
  const lane = {
    isLost: false,
    run: () => {
      throw new TypeError("no script runs here");
    },
  };
  const silent = (): void => undefined;
  return {
    lanes: { limit: 2, first: () => lane, forParts: () => Promise.resolve([lane]) },
    compression: "auto",
    clock: systemClock,
    reporter: { say: silent, debug: silent, progress: silent, warn: (text) => void warnings.push(text) },
  };
}

const COPY = { source: "logs", destination: "kept" };

describe("copyTree()", () => {
  it("copies the rest where something may not be read, says what, and fails", async () => {
    const source = [entry(".", "directory"), entry("./a", "file", 1), entry("./se\u001bcret", "unreadable")];
    const { sides, outcome } = sidesOf(source);
    await expect(copyTree(COPY, sides, transfer(outcome))).rejects.toMatchObject({
      message: 'cannot copy all of "logs": some of it may not be read',
      exitCode: 73,
    });
    expect(outcome.warnings).toEqual(['left out "logs/se\\u001bcret": it may not be read']);
    expect(outcome.placed).toEqual([[".", "./a"]]);
  });

  it("fails with 77 when the directory itself may not be read, and makes nothing", async () => {
    const { sides, outcome } = sidesOf([entry(".", "unreadable")]);
    await expect(copyTree(COPY, sides, transfer(outcome))).rejects.toMatchObject({ exitCode: 77 });
    expect(outcome.placed).toEqual([]);
  });

  it("carries what an earlier run has not, and removes what it has left and nobody wants", async () => {
    const source = [
      entry(".", "directory"),
      entry("./kept", "file", 3),
      entry("./short", "file", 3),
      entry("./link", "link"),
    ];
    const left = [
      entry(".", "directory"),
      entry("./kept", "file", 3),
      entry("./short", "file", 2),
      entry("./gone", "file", 3),
      entry("./link", "directory"),
    ];
    const { sides, outcome } = sidesOf(source, left);
    await expect(copyTree(COPY, sides, transfer(outcome))).resolves.toMatchObject({ bytes: 6, keptBytes: 3 });
    expect(outcome.carried).toEqual(["./short", "./link"]);
    expect(outcome.useless).toEqual(["./gone", "./link"]);
    expect(outcome.placed).toEqual([[".", "./short", "./link", "./kept"]]);
  });
});
