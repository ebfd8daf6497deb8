// The printed scripts, in the real shells: what they write into a command line at Tab, and that they run none of it.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Person } from "../../harness/run-command.ts";

const project = join(import.meta.dirname, "..", "..", "..");
const completionScript = join(project, "scripts", "completion.ts");
const terminal = join(project, "test", "journeys", "terminal.py");

/** A shell starts, and node at each Tab, on a computer that does much else. */
const LIMIT_MS = 60_000;

/** How to start each shell without what its owner has set up, and a command that shows the words that it is given. */
const shells = {
  bash: {
    words: ["bash", "--norc", "--noprofile", "-i"],
    show: (name: string) => `${name}() { printf '<%s>' "$@"; echo; }`,
  },
  zsh: { words: ["zsh", "-f", "-i"], show: (name: string) => `${name}() { printf '<%s>' "$@"; echo }` },
  fish: {
    words: ["fish", "--no-config", "-i"],
    show: (name: string) => `function ${name}; printf '<%s>' $argv; echo; end`,
  },
} as const;

type Shell = keyof typeof shells;

let person: Person;

beforeEach(() => {
  person = new Person();
});

afterEach(() => {
  person.leave();
});

function remember(names: Readonly<Record<string, readonly string[]>>): void {
  const directory = join(person.home, ".local", "state", "isolated-bastion");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, "names.json"), JSON.stringify(names));
}

/** Types each line in an interactive shell, with Tab and all; the words that the command was given then. */
async function typeLines(shell: Shell, lines: readonly string[]): Promise<string[][]> {
  const file = join(person.home, "completion");
  writeFileSync(file, (await person.run(completionScript, [shell])).stdout);
  const { words, show } = shells[shell];
  const running = person.start("python3", [terminal, ...words], { environment: { TERM: "dumb", PS1: "> " } });
  const setUp = [
    ...(shell === "zsh" ? ["autoload -U compinit; compinit -u -D; unsetopt list_beep"] : []),
    ...["connect.ts", "copy.ts", "tunnel.ts", "isolated-bastion"].map(show),
    `source ${file}`,
    "echo set u''p",
  ];
  running.child.stdin?.write(setUp.map((line) => `${line}\n`).join(""));
  await running.stderrMatches(/set up/);
  for (const [index, line] of lines.entries()) {
    running.child.stdin?.write(`${line}\n echo line ${index} do''ne\n`);
    await running.stderrMatches(new RegExp(`line ${index} done`));
  }
  running.child.stdin?.end("exit\n");
  const { stderr } = await running.outcome;
  const shown = stderr.split(/\r?\n/).filter((line) => /^<.*>$/.test(line));
  return shown.map((line) => line.slice(1, -1).split("><"));
}

describe.each(Object.keys(shells) as Shell[])("in %s, Tab", (shell) => {
  it(
    "completes names, flags and values of flags",
    async () => {
      remember({ bastion: ["quay-bastion", "Quay 2 (old)"], rds: ["orders"], cache: ["sessions"] });
      const given = await typeLines(shell, [
        "connect.ts quay\t-- id",
        "connect.ts ada@quay\t",
        "connect.ts Quay\t",
        "connect.ts Quay\\ 2\t",
        "connect.ts --no-re\tquay\t",
        "tunnel.ts --rd\tor\t--vi\tpo\t",
        "tunnel.ts --cache=se\t",
        "copy.ts quay\t/etc/hosts .",
        "isolated-bastion con\tquay\t",
      ]);
      expect(given).toEqual([
        ["quay-bastion", "--", "id"],
        ["ada@quay-bastion"],
        ["Quay 2 (old)"],
        ["Quay 2 (old)"],
        ["--no-reboot", "quay-bastion"],
        ["--rds", "orders", "--via", "port"],
        ["--cache=sessions"],
        ["quay-bastion:/etc/hosts", "."],
        ["connect", "quay-bastion"],
      ]);
    },
    LIMIT_MS,
  );

  it(
    "leaves to the shell what is a file",
    async () => {
      writeFileSync(join(person.home, "quay_key"), "");
      remember({ bastion: ["quay-bastion"] });
      expect(await typeLines(shell, ["connect.ts quay\tquay\t", "tunnel.ts -i quay\t"])).toEqual([
        ["quay-bastion", "quay_key"],
        ["-i", "quay_key"],
      ]);
    },
    LIMIT_MS,
  );

  it(
    "runs nothing of a hostile name, but quotes it",
    async () => {
      const names = [
        "a$(touch pwned)",
        "b`touch pwned`",
        "c;touch pwned",
        "d\"'&|<>",
        "e*",
        "f!!",
        "g\\$HOME",
        "h{1,2}",
      ];
      remember({ bastion: [...names, "i\u001b[31m", "k\nl"] });
      const lines = [...names, "i", "k"].map((name) => `connect.ts ${name.slice(0, 1)}\t`);
      const given = await typeLines(shell, lines);
      expect(given).toEqual([...names.map((name) => [name]), ["i"], ["k"]]);
      expect(readdirSync(person.home, { recursive: true })).not.toContain("pwned");
    },
    LIMIT_MS,
  );
});
