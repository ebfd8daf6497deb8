// Copies a directory: small files and links as tar streams, large files in parts, over all lanes. It grows under a name
// of its own and is put where it belongs when the SHA-256 of each file is the same on both sides.
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { overLanes, partLength, planParts, type Part } from "./parts.ts";
import type { ScriptRunner } from "./remote-files.ts";
import type { TreeToBe } from "./remote-tree.ts";
import { type Copied, Progress, type Transfer, changed } from "./transfer.ts";
import { type Entry, type Name, type Piece, digestOfDigests, isLarge, shownName, treePieces } from "./tree-entries.ts";

export interface TreeCopy {
  readonly source: string;
  /** Made if need be; what is in it and not in the source stays. */
  readonly destination: string;
}

/** A directory that is looked at. */
export interface Tree {
  /** Nothing when there is none. */
  list(): Promise<readonly Entry[]>;
  /** SHA-256 of the files, in hexadecimal, but for those that cannot be read. */
  digests(names: readonly Name[]): Promise<Map<Name, string>>;
}

/** Both sides of a copy, one of them on the bastion. */
export interface TreeSides {
  readonly source: Tree;
  /** What has the path already. */
  readonly standing: Tree;
  /** What is not whole yet. */
  readonly staged: Tree;
  /** Makes the directory in which the copy grows, or opens what an earlier run has left of it. */
  open(): Promise<void>;
  prepare(toBe: TreeToBe): Promise<void>;
  /** Which of the parts differ, of a file that an earlier run has begun. */
  missingParts(entry: Entry, parts: readonly Part[], hadBytes: number): Promise<readonly Part[]>;
  carry(piece: Piece, lane: ScriptRunner, onBytes: (bytes: number) => void): Promise<void>;
  /** Gives modes and times to what has not brought its own. */
  setStates(entries: readonly Entry[]): Promise<void>;
  /** Puts what is whole where it belongs. */
  place(entries: readonly Entry[]): Promise<void>;
}

/** @throws UserError for what a person can act on */
export async function copyTree(copy: TreeCopy, sides: TreeSides, transfer: Transfer): Promise<Copied> {
  const listing = await sides.source.list();
  const root = listing.find(({ name }) => name === ".");
  if (root?.kind !== "directory") throw cannotRead(copy.source);
  const entries = listing.filter(({ kind }) => kind !== "special" && kind !== "unreadable");
  await sides.open();
  const plan = await planTree(entries, sides, transfer.lanes.limit);
  const directories = entries.filter(({ kind }) => kind === "directory");
  await sides.prepare({ ...plan, directories: directories.map(({ name }) => name) });
  const progress = new Progress(copy.source, plan.bytes, transfer);
  const lanes = await transfer.lanes.forParts(plan.pieces.length);
  await overLanes(lanes, plan.pieces, (piece, lane) => sides.carry(piece, lane, progress.add)).finally(() => {
    progress.end();
  });
  await sides.setStates(plan.missing.filter((entry) => isLarge(entry, plan.length)));
  const digests = new Map([...plan.digests, ...(await verify(copy, plan.missing.filter(isFile), sides))]);
  await sides.place([...directories, ...plan.missing, ...plan.begun]);
  tellLeftOut(copy, listing, transfer);
  const [bytes, missingBytes] = [entries, plan.missing].map((of) => sizeOf(of.filter(isFile))) as [number, number];
  const isCompressed = transfer.compression !== "never" && plan.pieces.length > 0;
  const { seconds } = progress;
  const sha256 = digestOfDigests(digests);
  return { ...copy, bytes, keptBytes: bytes - missingBytes, seconds, sessions: lanes.length, isCompressed, sha256 };
}

interface TreePlan {
  readonly pieces: readonly Piece[];
  /** What they carry, about. */
  readonly bytes: number;
  /** How long a part is at most. */
  readonly length: number;
  /** Files and links of which something is carried. */
  readonly missing: readonly Entry[];
  /** Files that an earlier run has carried. */
  readonly begun: readonly Entry[];
  /** Names that an earlier run has left, and that are of no use. */
  readonly useless: readonly Name[];
  /** Of the files that are there already. */
  readonly digests: ReadonlyMap<Name, string>;
}

async function planTree(entries: readonly Entry[], sides: TreeSides, lanes: number): Promise<TreePlan> {
  const files = entries.filter(isFile);
  const left = new Map((await sides.staged.list()).map((entry) => [entry.name, entry]));
  const standing = await sameFiles(files, sides.source, sides.standing);
  const staged = await sameFiles(
    files.filter(({ name }) => !standing.has(name)),
    sides.source,
    { ...sides.staged, list: () => Promise.resolve([...left.values()]) },
  );
  const missing = entries.filter(({ name, kind }) => kind !== "directory" && !standing.has(name) && !staged.has(name));
  const length = partLength(sizeOf(missing), lanes);
  const pieces = await piecesToCarry(missing, length, { sides, left });
  const source = new Map(entries.map((entry) => [entry.name, entry]));
  const useless = [...left.values()].filter((entry) => standing.has(entry.name) || isUseless(entry, source));
  return {
    pieces,
    bytes: pieces.reduce((sum, piece) => sum + (piece.kind === "part" ? piece.part.length : piece.bytes), 0),
    length,
    missing,
    begun: files.filter(({ name }) => staged.has(name)),
    useless: useless.map(({ name }) => name),
    digests: new Map([...standing, ...staged]),
  };
}

/** The files that are the same on both sides, with their digests. */
async function sameFiles(files: readonly Entry[], source: Tree, other: Tree): Promise<ReadonlyMap<Name, string>> {
  const there = new Map((await other.list()).filter(isFile).map(({ name, size }) => [name, size]));
  const names = files.filter(({ name, size }) => there.get(name) === size).map(({ name }) => name);
  const [ours, theirs] = await Promise.all([source.digests(names), other.digests(names)]);
  return new Map([...ours].filter(([name, sha256]) => theirs.get(name) === sha256));
}

async function piecesToCarry(
  missing: readonly Entry[],
  length: number,
  { sides, left }: { readonly sides: TreeSides; readonly left: ReadonlyMap<Name, Entry> },
): Promise<Piece[]> {
  const kept = new Set<string>();
  for (const entry of missing.filter((each) => isLarge(each, length))) {
    const hadBytes = left.get(entry.name)?.size ?? 0;
    if (hadBytes === 0 || hadBytes > entry.size) continue;
    const parts = planParts(entry.size, length);
    const offsets = new Set((await sides.missingParts(entry, parts, hadBytes)).map(({ offset }) => offset));
    for (const { offset } of parts) if (!offsets.has(offset)) kept.add(`${offset} ${entry.name}`);
  }
  const pieces = treePieces(missing, length);
  return pieces.filter((piece) => piece.kind === "batch" || !kept.has(`${piece.part.offset} ${piece.entry.name}`));
}

/** What would stay behind in the copy, or be in the way of what comes. */
function isUseless({ name, kind, size }: Entry, source: ReadonlyMap<Name, Entry>): boolean {
  const entry = source.get(name);
  return entry?.kind !== kind || (kind === "file" && size > entry.size);
}

/** @throws UserError (75) when a file is not the same on both sides */
async function verify(
  copy: TreeCopy,
  files: readonly Entry[],
  { source, staged }: TreeSides,
): Promise<ReadonlyMap<Name, string>> {
  const names = files.map(({ name }) => name);
  const [there, here] = await Promise.all([source.digests(names), staged.digests(names)]);
  const now = new Map((await source.list()).map((entry) => [entry.name, entry]));
  const unlike = files.find(({ name, size, modifiedSeconds }) => {
    const isSame = now.get(name)?.size === size && now.get(name)?.modifiedSeconds === modifiedSeconds;
    return !isSame || there.get(name) === undefined || there.get(name) !== here.get(name);
  });
  if (unlike !== undefined) throw changed(pathOf(copy.source, unlike.name));
  return there;
}

/** @throws UserError (73) when there was something that may not be read */
function tellLeftOut({ source }: TreeCopy, listing: readonly Entry[], { reporter }: Transfer): void {
  for (const { name, kind } of listing) {
    if (kind === "special") reporter.warn(`left out ${quoted(pathOf(source, name))}: a device, a pipe or a socket`);
    if (kind === "unreadable") reporter.warn(`left out ${quoted(pathOf(source, name))}: it may not be read`);
  }
  if (!listing.some(({ kind }) => kind === "unreadable")) return;
  throw new UserError(`cannot copy all of ${quoted(source)}: some of it may not be read`, {
    hint: "the warnings above say what is missing; the rest is there. See --os-user",
    exitCode: ExitCode.CannotCreate,
  });
}

function cannotRead(source: string): UserError {
  return new UserError(`cannot read ${quoted(source)}: it may not be read`, {
    hint: "may that OS user do it? see --os-user",
    exitCode: ExitCode.Denied,
  });
}

/** For a person. */
export function pathOf(directory: string, name: Name): string {
  return `${directory}${shownName(name).slice(1)}`;
}

function isFile({ kind }: Entry): boolean {
  return kind === "file";
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}
