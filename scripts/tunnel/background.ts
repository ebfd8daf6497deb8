// A tunnel that outlives the command: the same command again, as a process of its own, watched until it is ready.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CommandContext } from "../command/command-context.ts";
import { programWords } from "../command/program-words.ts";
import { untilAborted } from "../command/until-aborted.ts";
import type { OpenArguments } from "./tunnel-arguments.ts";

const READY = /^ready /;

/** Resolves with 0 when the tunnel is ready, or with the status that it has ended with. */
export async function openInBackground(
  { wanted, json }: Pick<OpenArguments, "wanted" | "json">,
  { process, programDirectory, environment, standardStreams, signal }: CommandContext,
): Promise<number> {
  const words = process.words.filter((word) => word !== "--background");
  const child = spawn(process.execPath, [...programWords(process.program, programDirectory), ...words], {
    detached: true, // a session of its own: closing the terminal does not end it
    windowsHide: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      resolve(status ?? 1);
    });
  });
  child.stderr.pipe(standardStreams.errorOutput, { end: false });
  const isReady = announced(json ? 1 : wanted.length, json ? /^/ : READY);
  const ready = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      standardStreams.output.write(`${line}\n`);
      if (isReady(line)) resolve(0);
    });
  });
  try {
    const status = await untilAborted(Promise.race([ready, ended]), signal);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    child.unref();
    return status;
  } catch (error) {
    child.kill("SIGTERM");
    await ended;
    throw error;
  }
}

/** Tells whether the line is the last of so many that match. */
function announced(count: number, pattern: RegExp): (line: string) => boolean {
  let left = count;
  return (line) => {
    if (pattern.test(line)) left -= 1;
    return left === 0;
  };
}
