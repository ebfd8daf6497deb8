// Turns any thrown value into the lines a person sees and the status the process ends with; nobody else formats errors.
import { ExitCode } from "./exit-code.ts";
import { printable } from "./printable.ts";
import { UserError } from "./user-error.ts";

export interface RenderedError {
  /** Lines for stderr, each with the program's name in front. */
  readonly lines: readonly string[];
  readonly exitCode: number;
}

export interface RenderErrorOptions {
  /** The program's name, e.g. `connect`. */
  readonly program: string;
  /** Whether causes and request ids are shown. */
  readonly debug: boolean;
}

/** `connect: error: …`, then `connect: hint: …` lines, then, with --debug, what stands behind it. */
export function renderError(thrown: unknown, { program, debug }: RenderErrorOptions): RenderedError {
  const { message, hint, exitCode, isBug } = explain(thrown);
  const hints = hint.split("\n").map((line) => `${program}: hint: ${printable(line)}`);
  const details = debug || isBug ? detailLines(thrown).map((line) => `${program}: debug: ${printable(line)}`) : [];
  return { lines: [`${program}: error: ${printable(message)}`, ...hints, ...details], exitCode };
}

interface Explanation {
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
  readonly isBug: boolean;
}

function explain(thrown: unknown): Explanation {
  if (thrown instanceof UserError) return { ...pick(thrown), isBug: false };
  if (thrown instanceof Error && thrown.name === "ProtocolError") {
    const hint = "run the command again; if it repeats, report it with the output of --debug";
    return { message: thrown.message, hint, exitCode: ExitCode.Protocol, isBug: false };
  }
  const hint = "this is a bug of ours: report it with the lines below";
  return { message: `unexpected ${describe(thrown)}`, hint, exitCode: ExitCode.Software, isBug: true };
}

function pick({ message, hint, exitCode }: UserError): Omit<Explanation, "isBug"> {
  return { message, hint, exitCode };
}

/** The stack of what was thrown, and one paragraph for each cause behind it. */
function detailLines(thrown: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>(); // a cause may point back at its effect
  for (let error = thrown; error !== undefined && !seen.has(error); error = causeOf(error)) {
    if (seen.size > 0) lines.push(`caused by ${describe(error)}${requestId(error)}`);
    lines.push(...stackLines(error));
    seen.add(error);
  }
  return lines;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function stackLines(error: unknown): string[] {
  const stack = error instanceof Error ? error.stack : undefined;
  return (stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
}

/** AWS's request id, by which its support finds the call. */
function requestId(error: unknown): string {
  if (!(error instanceof Error) || !("$metadata" in error)) return "";
  const id = (error.$metadata as { readonly requestId?: unknown }).requestId;
  return typeof id === "string" ? ` (request id ${id})` : "";
}
