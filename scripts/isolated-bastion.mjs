#!/usr/bin/env node
// One name for all commands, once they are installed as a package: isolated-bastion COMMAND …
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--semi-space-growth-factor=1"); // as launcher.mjs does, and for its reason

const commands = readdirSync(import.meta.dirname)
  .map((file) => /^(.*)\.mjs$/.exec(file)?.[1])
  .filter((name) => name !== undefined && name !== "isolated-bastion");
const usage = `A safe way into a private AWS network.

usage: isolated-bastion COMMAND ...

commands: ${commands.join(", ")}; each has --help

examples:
  isolated-bastion connect sandbox-dev-bastion-host
  isolated-bastion connect --help
`;

const [node, , command, ...rest] = process.argv;
if (command === "--help") process.stdout.write(usage);
else if (commands.includes(command)) {
  const program = join(import.meta.dirname, `${command}.mjs`);
  process.argv = [node, program, ...rest];
  await import(pathToFileURL(program).href); // Windows' paths are no URLs
} else {
  const what = command === undefined ? "no command named" : `no command ${JSON.stringify(command)}`;
  process.stderr.write(
    `isolated-bastion: error: ${what}\nisolated-bastion: hint: commands are ${commands.join(", ")}\n`,
  );
  process.exitCode = 64;
}
