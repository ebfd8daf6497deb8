// What Tab offers for each place of a command line.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { connectFlags } from "../../../scripts/bastion/connect-arguments.ts";
import { commonFlags } from "../../../scripts/command/command-line.ts";
import { completeWords } from "../../../scripts/completion/complete-words.ts";
import { completedCommands } from "../../../scripts/completion/completed-commands.ts";

const names = {
  bastion: ["quay-bastion", "quarry-bastion"],
  rds: ["orders", "orders/reader"],
  cache: ["sessions"],
  target: ["billing"],
  tunnel: ["billing,orders"],
};

function complete(...words: string[]): string[] {
  return completeWords(words, (kind) => names[kind]);
}

describe("completedCommands", () => {
  it("has every command there is", () => {
    const folder = join(import.meta.dirname, "..", "..", "..", "scripts");
    const programs = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    expect(Object.keys(completedCommands).map((name) => `${name}.ts`)).toEqual(programs.sort());
  });
});

describe("completeWords()", () => {
  it("offers each flag of the command's own, and those that all have", () => {
    const flags = Object.keys({ ...connectFlags, ...commonFlags }).map((flag) => `--${flag}`);
    expect(complete("./scripts/connect.ts", "--")).toEqual(flags);
    expect(complete("copy.ts", "-")).toEqual(expect.arrayContaining(["-r", "-i", "--sessions"]));
  });

  it.each<[string, string[], string[]]>([
    ["a bastion", ["connect.ts", "qua"], ["quay-bastion", "quarry-bastion"]],
    ["a bastion behind a user", ["connect.ts", "ada@quar"], ["ada@quarry-bastion"]],
    ["a bastion behind a switch", ["doctor.ts", "--json", "quay"], ["quay-bastion"]],
    ["a bastion behind a flag with a value", ["shell.ts", "--reason", "why", "quay"], ["quay-bastion"]],
    ["each bastion of several", ["ssh-config.ts", "quay-bastion", "quar"], ["quarry-bastion"]],
    ["a place", ["copy.ts", "dump.sql", "quay"], ["quay-bastion:"]],
    ["the value of a flag", ["tunnel.ts", "--bastion", "quay"], ["quay-bastion"]],
    ["the value of a flag, joined", ["tunnel.ts", "--bastion=quay"], ["--bastion=quay-bastion"]],
    ["a database", ["tunnel.ts", "--rds", "ord"], ["orders", "orders/reader"]],
    ["a cache", ["tunnel.ts", "--cache", ""], ["sessions"]],
    ["a target of the settings", ["tunnel.ts", "--to", "bil"], ["billing"]],
    ["a tunnel that runs", ["tunnel.ts", "--stop", ""], ["all", "billing,orders"]],
    ["one of few values", ["tunnel.ts", "--via", ""], ["ssh", "port"]],
    ["a shell", ["completion.ts", ""], ["bash", "zsh", "fish"]],
    ["a command of the package", ["isolated-bastion", "ssh"], ["ssh-config"]],
    ["what stands behind that", ["isolated-bastion", "connect", "quay"], ["quay-bastion"]],
  ])("offers %s", (_what, words, expected) => {
    expect(complete(...words)).toEqual(expected);
  });

  it.each([
    ["a key's file", ["connect.ts", "quay-bastion", "my"]],
    ["the value of a flag that it does not know", ["connect.ts", "--profile", "q"]],
    ["a path on a bastion", ["copy.ts", "quay-bastion:/va"]],
    ["what stands behind --", ["connect.ts", "quay-bastion", "--", "qua"]],
    ["another program's words", ["ls", "qua"]],
    ["a name of no command, that every object has", ["constructor", "qua"]],
  ])("leaves %s to the shell", (_what, words) => {
    expect(complete(...words)).toEqual([]);
  });

  it("offers no name that a terminal would obey", () => {
    expect(completeWords(["connect.ts", ""], () => ["\u001b[31mred", "two\nlines", "plain"])).toEqual(["plain"]);
  });
});
