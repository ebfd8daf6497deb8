// What is in a directory, and in which pieces it travels. Names are bytes, held as latin1: not all of them are UTF-8.
import { createHash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { type Part, planParts } from "./parts.ts";

/** Relative to the directory, and begins with `./`; the directory itself is `.`. */
export type Name = string;

export interface Entry {
  readonly name: Name;
  /** `special` is a device, a pipe or a socket; `unreadable` a file or directory that may not be read. */
  readonly kind: "file" | "directory" | "link" | "special" | "unreadable";
  /** Permissions: the lower nine bits. */
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970 UTC, whole ones. */
  readonly modifiedSeconds: number;
}

/** What travels at once on one lane: a part of a large file, or several small files and links. */
export type Piece =
  | { readonly kind: "part"; readonly entry: Entry; readonly part: Part }
  | { readonly kind: "batch"; readonly entries: readonly Entry[]; readonly bytes: number };

const MAX_BATCH_ENTRIES = 500;
/** tar's blocks: a header before each file, and its content filled up. */
const TAR_BLOCK_BYTES = 512;
const PERMISSIONS = 0o777;
/** As find(1) prints them. */
const KINDS: Readonly<Record<string, Entry["kind"]>> = { f: "file", d: "directory", l: "link", "!": "unreadable" };
const LISTED = /^(?<type>.) (?<mode>[0-7]+) (?<size>\d+) (?<seconds>-?\d+)(?:\.\d*)? (?<name>\.(?:\/.*)?)$/s;

/**
 * What find(1) has printed of a directory.
 *
 * @throws TypeError for what find prints of no directory: a name that leads out of it is not to be written to
 */
export function readListing(printed: string): Entry[] {
  const lines = printed.split("\0").filter((line) => line !== "");
  return lines.map((line) => {
    const { type = "", mode = "", size, seconds, name = "" } = LISTED.exec(line)?.groups ?? {};
    if (
      name
        .split("/")
        .slice(1)
        .some((word) => ["", ".", ".."].includes(word)) ||
      name === ""
    ) {
      throw new TypeError("the listing of the directory holds what leads out of it");
    }
    const kind = KINDS[type] ?? "special";
    const bits = Number.parseInt(mode, 8) & PERMISSIONS;
    return { name, kind, mode: bits, size: Number(size), modifiedSeconds: Number(seconds) };
  });
}

/** As a person may read it; `printable` is still to come. */
export function shownName(name: Name): string {
  return bytesOfName(name).toString();
}

export function bytesOfName(name: Name): Buffer {
  return Buffer.from(name, "latin1");
}

/** Names as find(1), tar(1) and xargs(1) take them. */
export function nameList(names: readonly Name[]): Buffer {
  return bytesOfName(names.map((name) => `${name}\0`).join(""));
}

/** Whether a file travels in parts: its name must be one that an argument can be. */
export function isLarge({ kind, size, name }: Entry, length: number): boolean {
  return kind === "file" && size > length && isUtf8(bytesOfName(name));
}

/** Batches of small files and links, about so long each, and then the parts of the large ones. */
export function treePieces(entries: readonly Entry[], length: number): Piece[] {
  const batches: Piece[] = [];
  let batch: Entry[] = [];
  const close = (): void => {
    if (batch.length > 0) batches.push({ kind: "batch", entries: batch, bytes: tarBytes(batch) });
    batch = [];
  };
  for (const entry of entries.filter((each) => !isLarge(each, length))) {
    if (batch.length > 0 && (batch.length === MAX_BATCH_ENTRIES || tarBytes([...batch, entry]) > length)) close();
    batch.push(entry);
  }
  close();
  const large = entries.filter((each) => isLarge(each, length));
  const parts = large.flatMap((entry) =>
    planParts(entry.size, length).map((part): Piece => ({ kind: "part", entry, part })),
  );
  return [...batches, ...parts];
}

/** The length of a tar stream of them, but for its end and for very long names. */
function tarBytes(entries: readonly Entry[]): number {
  return entries.reduce(
    (sum, { kind, size }) => sum + TAR_BLOCK_BYTES * (1 + (kind === "file" ? Math.ceil(size / TAR_BLOCK_BYTES) : 0)),
    0,
  );
}

/** One digest of all files: the SHA-256 of what `sha256sum` prints of them, in the order of their names' bytes. */
export function digestOfDigests(digests: ReadonlyMap<Name, string>): string {
  const hash = createHash("sha256");
  const sorted = [...digests].sort(([one], [other]) => Buffer.compare(bytesOfName(one), bytesOfName(other)));
  for (const [name, sha256] of sorted) hash.update(bytesOfName(digestLine(name, sha256)));
  return hash.digest("hex");
}

function digestLine(name: Name, sha256: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === name ? "" : "\\"}${sha256}  ${escaped}\n`;
}

const ESCAPED = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" } as const;

/** What sha256sum(1) has printed: a line that begins with a backslash has a name with escapes. */
export function readDigests(printed: string): Map<Name, string> {
  const lines = printed.matchAll(/^(?<escape>\\?)(?<sha256>[0-9a-f]{64}) [ *](?<name>[^\n]+)$/gm);
  return new Map(
    [...lines].map(({ groups: { escape = "", sha256 = "", name = "" } = {} }) => {
      if (escape === "") return [name, sha256];
      return [name.replaceAll(/\\[\\nr]/g, (word) => ESCAPED[word as keyof typeof ESCAPED]), sha256];
    }),
  );
}
