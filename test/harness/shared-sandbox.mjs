// Starts the sandbox that all tests of one kind share, before the first of them, and ends it after the last.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const project = join(import.meta.dirname, "..", "..");
const running = new Map();

/** Tests find it in the environment variable, as JSON. */
export async function startSharedSandbox(variable, ...programArguments) {
  const program = [join(project, "scripts", "launcher.mjs"), join("test", "harness", "shared-sandbox.ts")];
  const child = spawn(process.execPath, [...program, ...programArguments], {
    cwd: project,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const line = once(createInterface({ input: child.stdout }), "line");
  const announced = await Promise.race([line, ended.then(() => undefined)]);
  if (announced === undefined) throw new Error("cannot start the sandbox for the tests: see the lines above");
  process.env[variable] = announced[0];
  running.set(variable, { child, ended });
}

export async function stopSharedSandbox(variable) {
  const { child, ended } = running.get(variable) ?? {};
  child?.stdin.end();
  await ended;
}
