// The table that a person reads: one line for each access, in columns.
import { printable } from "../errors/printable.ts";
import type { Access } from "./access.ts";

const HEADINGS = ["TIME (UTC)", "WHO", "WHAT", "INSTANCE", "FROM", "HOW LONG"] as const;
const UNKNOWN = "?";

/** The lines, with one of headings; none where there is nothing to tell. */
export function tableOf(accesses: readonly Access[]): string[] {
  if (accesses.length === 0) return [];
  const rows = [HEADINGS, ...accesses.map((access) => cellsOf(access).map(printable))];
  const widths = HEADINGS.map((_heading, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function cellsOf(access: Access): string[] {
  return [
    access.time.replace("T", " ").replace("Z", ""),
    shortName(access.who),
    whatOf(access),
    access.instanceId ?? UNKNOWN,
    access.from ?? UNKNOWN,
    howLong(access),
  ];
}

/** The end of an ARN: `user/ada`, `assumed-role/Operator/ada`. */
function shortName(arn: string): string {
  return arn.startsWith("arn:") ? arn.split(":").slice(5).join(":") : arn;
}

function whatOf({ call, refusal, document, osUser, sessionId }: Access): string {
  if (refusal !== null) return `REFUSED ${call}: ${refusal}`;
  switch (call) {
    case "StartSession":
      return document === null ? "session" : `session, ${document}`;
    case "SendSSHPublicKey":
      return `key for ${osUser ?? UNKNOWN}`;
    case "ResumeSession":
      return `resumed ${sessionId ?? UNKNOWN}`;
    case "TerminateSession":
      return `ended ${sessionId ?? UNKNOWN}`;
  }
}

function howLong({ durationSeconds, isOpen }: Access): string {
  if (durationSeconds === null) return "";
  return `${inWords(durationSeconds)}${isOpen ? ", open" : ""}`;
}

function inWords(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3_600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  // Two units are as exact as anybody reads.
  const shown = first === -1 ? parts.slice(2) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
