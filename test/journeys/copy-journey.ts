// What the journeys of copy.ts share: the command, and files of a mode and time of their own on either side.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import type { CommandOptions, CommandOutcome, RunningCommand } from "../harness/run-command.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

export const copyScript = join(import.meta.dirname, "..", "..", "scripts", "copy.ts");
export const MEBIBYTE = 1024 * 1024;
export const MODIFIED_SECONDS = 1_600_000_000;

/** A line of --json, as far as tests look at it. */
export interface Copied {
  readonly bytes: number;
  readonly keptBytes: number;
  readonly sessions: number;
  readonly isCompressed: boolean;
  readonly sha256: string;
}

/** A person who copies. */
export class CopyJourney extends Journey {
  get here(): string {
    return this.person.home;
  }

  copy(...words: readonly string[]): Promise<CommandOutcome> {
    return this.person.run(copyScript, words, this.#options());
  }

  startCopy(...words: readonly string[]): RunningCommand {
    return this.person.start(copyScript, words, this.#options());
  }

  /** The answers of a copy that went well. */
  async copied(...words: readonly string[]): Promise<Copied[]> {
    const { status, stdout, stderr } = await this.copy("--json", ...words);
    assert.equal(status, 0, stderr);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Copied);
  }

  #options(): CommandOptions {
    return { environment: this.environment(), timeLimitMs: JOURNEY_LIMIT_MS };
  }
}

export function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** A file with this content, of a mode and time of its own. */
export function make(directory: string, name: string, content: Buffer | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  chmodSync(path, 0o640);
  utimesSync(path, MODIFIED_SECONDS, MODIFIED_SECONDS);
  return path;
}

export function expectSame(copy: string, original: string): void {
  expect(digestOf(copy)).toBe(digestOf(original));
  expect(statSync(copy)).toMatchObject({ mode: 0o100640, mtimeMs: MODIFIED_SECONDS * 1_000 });
}

/** Resolves when something has come about that nobody tells; fails when the command has ended before. */
export async function until(hasCome: () => boolean, { outcome }: RunningCommand): Promise<void> {
  let said: string | undefined;
  void outcome.then(
    ({ stderr }) => (said = stderr),
    (error: unknown) => (said = String(error)),
  );
  while (!hasCome()) {
    if (said !== undefined) throw new Error(`the command has ended too early; it said:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
