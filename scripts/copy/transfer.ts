// What one run of copy.ts works with, and how far it is.
import type { Clock } from "../../session-manager/clock.ts";
import type { Reporter } from "../command/reporter.ts";
import { quoted } from "../errors/printable.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import type { CopyArguments } from "./copy-arguments.ts";
import type { ScriptRunner } from "./remote-files.ts";

/** Several sessions to one bastion. */
export interface Lanes {
  /** How many there may be. */
  readonly limit: number;
  /**
   * One that is open.
   *
   * @throws LaneLostError when all have ended
   */
  first(): ScriptRunner;
  /** As many as so many parts can use, opened when they are first needed. */
  forParts(parts: number): Promise<readonly ScriptRunner[]>;
}

export interface Transfer {
  readonly lanes: Lanes;
  readonly compression: CopyArguments["compression"];
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, "say" | "warn" | "debug" | "progress">;
}

/** What was copied, as --json prints it. */
export interface Copied {
  readonly source: string;
  readonly destination: string;
  readonly bytes: number;
  /** Of them, what was there already. */
  readonly keptBytes: number;
  readonly seconds: number;
  readonly sessions: number;
  readonly isCompressed: boolean;
  readonly sha256: string;
}

/** The file was written to while it was copied, or its copy was. */
export function changed(path: string): UserError {
  return new UserError(`cannot copy ${quoted(path)}: it has changed while it was copied`, {
    hint: "run the command again when nobody writes to it: what is the same by then is kept",
    exitCode: ExitCode.TryAgain,
  });
}

/** How far a file is: bytes, rate, time left. */
export class Progress {
  readonly #transfer: Pick<Transfer, "clock" | "reporter">;
  readonly #name: string;
  readonly #totalBytes: number;
  readonly #startMs: number;
  #doneBytes = 0;
  #shownMs = 0;

  /** @param totalBytes - what is to be carried; undefined where nobody knows */
  constructor(name: string, totalBytes: number | undefined, transfer: Pick<Transfer, "clock" | "reporter">) {
    this.#name = name;
    this.#totalBytes = totalBytes ?? Number.NaN;
    this.#transfer = transfer;
    this.#startMs = transfer.clock.now();
  }

  get seconds(): number {
    return (this.#transfer.clock.now() - this.#startMs) / 1_000;
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  readonly add = (bytes: number): void => {
    this.#doneBytes += bytes;
    const nowMs = this.#transfer.clock.now();
    if (nowMs - this.#shownMs < SHOW_EVERY_MS) return;
    this.#shownMs = nowMs;
    this.#transfer.reporter.progress(this.#line());
  };

  end(): void {
    this.#transfer.reporter.progress(undefined);
  }

  #line(): string {
    const rate = this.#doneBytes / Math.max(this.seconds, 0.001);
    const share = (this.#doneBytes / this.#totalBytes) * 100;
    const left = (this.#totalBytes - this.#doneBytes) / rate;
    const known = Number.isNaN(share) ? "" : `${share.toFixed(0)}%, ${Math.ceil(left)} s left, `;
    return `${this.#name}: ${known}${mebibytes(this.#doneBytes)} at ${(rate / 1e6).toFixed(1)} MB/s`;
  }
}

const SHOW_EVERY_MS = 200;

/** E.g. `12.3 MiB`. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
