// Copies a directory as one tar stream, compressed, its SHA-256 taken on both sides.
import { spawn } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { LaneLostError, type ScriptRunner, argument } from "./remote-files.ts";
import { READ_TREE, WRITE_TREE } from "./remote-scripts.ts";
import { type Copied, Progress, type Transfer, changed } from "./transfer.ts";

export interface TreeCopy {
  readonly source: string;
  /** Made if need be; what is in it and not in the source stays. */
  readonly destination: string;
}

const DIGEST_LINE = /^(?<sha256>[0-9a-f]{64}) [ *]-$/m;

/** @throws UserError for what a person can act on */
export async function downloadTree({ source, destination }: TreeCopy, transfer: Transfer): Promise<Copied> {
  await mkdir(destination, { recursive: true });
  const lane = transfer.lanes.first();
  const run = lane.run(READ_TREE, [argument(source)]);
  run.input.end();
  const tar = startTar(["-xpof", "-", "-C", destination]);
  const meter = new Meter(source, transfer);
  const carried = pipeline(run.output, createGunzip(), meter.stream, tar.input);
  const [{ said }, , unpacked] = await settled(lane, [run.ended, carried, tar.ended]);
  return meter.result({ source, destination }, said, [said.replace(DIGEST_LINE, "").trim(), unpacked]);
}

/** @throws UserError for what a person can act on */
export async function uploadTree({ source, destination }: TreeCopy, transfer: Transfer): Promise<Copied> {
  const lane = transfer.lanes.first();
  const run = lane.run(WRITE_TREE, [argument(destination)]);
  let printed = "";
  run.output.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
  const tar = startTar(["-cf", "-", "-C", source, "."]);
  const meter = new Meter(source, transfer);
  tar.input.end();
  const carried = pipeline(tar.output, meter.stream, createGzip({ level: 1 }), run.input);
  const [{ said }, , packed] = await settled(lane, [run.ended, carried, tar.ended]);
  return meter.result({ source, destination }, printed, [said, packed]);
}

/** Counts and digests a stream that passes. */
class Meter {
  readonly stream: Transform;
  readonly #hash: Hash = createHash("sha256");
  readonly #progress: Progress;
  readonly #transfer: Transfer;

  constructor(name: string, transfer: Transfer) {
    this.#transfer = transfer;
    this.#progress = new Progress(name, undefined, transfer);
    this.stream = new Transform({
      transform: (chunk: Buffer, _encoding, callback) => {
        this.#hash.update(chunk);
        this.#progress.add(chunk.length);
        callback(null, chunk);
      },
    });
  }

  /**
   * @param digested - what the bastion's sha256sum printed
   * @param complaints - what either tar said
   * @throws UserError when a tar could not do all, or the digests differ
   */
  result(copy: TreeCopy, digested: string, complaints: readonly string[]): Copied {
    this.#progress.end();
    const lines = complaints.flatMap((text) => text.split("\n")).filter((line) => line !== "");
    for (const line of lines) this.#transfer.reporter.warn(line);
    if (lines.some((line) => line.includes("No space left on device"))) throw incomplete(copy, "the disk is full");
    if (lines.length > 0) throw incomplete(copy, "tar could not do all of it");
    const sha256 = this.#hash.digest("hex");
    if (DIGEST_LINE.exec(digested)?.groups?.["sha256"] !== sha256) throw changed(copy.source);
    const { doneBytes: bytes, seconds } = this.#progress;
    return { ...copy, bytes, keptBytes: 0, seconds, sessions: 1, isCompressed: true, sha256 };
  }
}

function incomplete({ source }: TreeCopy, met: string): UserError {
  return new UserError(`cannot copy all of ${quoted(source)}: ${met}`, {
    hint: "the warnings above say what is missing",
    exitCode: ExitCode.CannotCreate,
  });
}

function startTar(words: readonly string[]) {
  const tar = spawn("tar", words, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let said = "";
  tar.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  tar.stdin.on("error", () => undefined); // it has ended, and says why
  if (words[0] !== "-cf") tar.stdout.resume();
  const ended = new Promise<string>((resolve, reject) => {
    tar.once("close", (status) => {
      resolve(status === 0 || said !== "" ? said : `tar has ended with status ${status ?? "of a signal"}`);
    });
    tar.once("error", reject);
  });
  return { input: tar.stdin, output: tar.stdout, ended };
}

type Run = Promise<{ readonly status: number; readonly said: string }>;

/** All three, once each has come to its end. */
async function settled(
  lane: ScriptRunner,
  [ran, carried, tarred]: readonly [Run, Promise<void>, Promise<string>],
): Promise<[Awaited<Run>, undefined, string]> {
  const [run, carriage, tar] = await Promise.allSettled([ran, carried, tarred]);
  if (lane.isLost) throw new LaneLostError("the session has ended");
  if (run.status === "rejected") throw run.reason;
  if (tar.status === "rejected") throw tar.reason;
  if (carriage.status === "rejected" && run.value.said === "" && tar.value === "") throw carriage.reason;
  return [run.value, undefined, tar.value];
}
