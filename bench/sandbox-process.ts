// The sandbox as a person starts it, in a process of its own, for a bench to run against.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A sandbox that is up. */
export interface SandboxProcess {
  /** What `. .sandbox/env` would make of this process's environment. */
  readonly environment: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts it, and resolves when the bastion is online. */
export async function startSandbox(root: string, sandboxArguments: readonly string[]): Promise<SandboxProcess> {
  const launcher = join(root, "scripts", "launcher.mjs");
  const child = spawn(process.execPath, [launcher, join(root, "sandbox", "main.ts"), ...sandboxArguments], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(child, "exit");
  const story: string[] = [];
  const lines = createInterface({ input: child.stderr });
  const isUp = new Promise<boolean>((resolve) => {
    lines.on("line", (line) => {
      story.push(line);
      if (line.startsWith("the sandbox is up")) resolve(true);
    });
    void exit.then(() => {
      resolve(false);
    });
  });
  if (!(await isUp)) throw new Error(`the sandbox did not start:\n${story.slice(-20).join("\n")}`);
  return {
    environment: await environmentOf(join(root, ".sandbox", "env")),
    async stop() {
      child.kill("SIGINT");
      await exit;
    },
  };
}

async function environmentOf(file: string): Promise<Record<string, string>> {
  readFileSync(file); // an error of ours tells more than the shell's
  const shell = spawn("sh", ["-c", '. "$0" && env -0', file], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  shell.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(shell, "close");
  const pairs = output.split("\0").filter((line) => line.includes("="));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}
