// A Linux that a command takes for Windows: what the command asks Windows for is answered by programs of ours, by the names
// that Windows' own have. What it shows is that the pieces fit; that Windows does as its documentation says it cannot show.
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const SYSTEM = "C:\\Windows\\System32\\";

/** Loaded before the command: Node has made up its mind about paths and sockets by then. */
const PRELOAD = `
Object.defineProperty(process, "platform", { value: "win32" });
process.getuid = undefined;
`;

const WHOAMI = `#!/bin/sh
printf '"pc\\\\ada","S-1-5-21-7-8-9-1001"\\r\\n'
`;

const ICACLS = `#!/bin/sh
chmod go= "$1"
printf '%s\\n' "$*" >> "$(dirname "$0")/icacls.log"
`;

/** Nobody's process began when another's did. */
const POWERSHELL = `#!/bin/sh
for word in "$@"; do script=$word; done
pid=$(printf '%s' "$script" | sed 's/.*-Id \\([0-9]*\\).*/\\1/')
[ -d "/proc/$pid" ] && printf '%s\\r\\n' "$pid"
`;

/** Starts the ProxyCommand as Windows' ssh does, without a shell: takes it apart first, then has the real ssh run that. */
const SSH = `
import { spawn } from "node:child_process";
import { constants } from "node:os";

// Enough for words of ours, in which no quote stands: windows.test.ts has those.
const take = (line) => Array.from(line.matchAll(/"([^"]*)"|([^\\s"]+)/g), ([, quoted, plain]) => plain ?? quoted);
const forShell = (word) => "'" + word.replaceAll("'", "'\\\\''") + "'";
const words = process.argv.slice(2).map((word) => {
  if (!word.startsWith("ProxyCommand=")) return word;
  return "ProxyCommand=" + take(word.slice("ProxyCommand=".length)).map(forShell).join(" ");
});
const child = spawn("ssh", words, { stdio: "inherit" });
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (status, signal) => process.exit(status ?? 128 + constants.signals[signal]));
`;

/** A directory in which commands are to be run, by `node` with `words` before their own. */
export class AsOnWindows {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory);
    const programs = {
      [`${SYSTEM}whoami.exe`]: WHOAMI,
      [`${SYSTEM}icacls.exe`]: ICACLS,
      [`${SYSTEM}WindowsPowerShell\\v1.0\\powershell.exe`]: POWERSHELL,
      [`${SYSTEM}OpenSSH\\ssh.exe`]: `#!/bin/sh\nexec node "$(dirname "$0")/ssh.mjs" "$@"\n`,
    };
    for (const [name, content] of Object.entries(programs)) {
      writeFileSync(join(directory, name), content);
      chmodSync(join(directory, name), 0o755);
    }
    writeFileSync(join(directory, "preload.mjs"), PRELOAD);
    writeFileSync(join(directory, "ssh.mjs"), SSH);
  }

  /** What the shim beside a command makes of it. */
  words(script: string): readonly string[] {
    return ["--import", join(this.directory, "preload.mjs"), join(script, "..", "launcher.mjs"), script];
  }

  get path(): string {
    return `${this.directory}${delimiter}${process.env["PATH"] ?? ""}`;
  }

  /** What icacls was told, call by call. */
  closed(): string[] {
    return readFileSync(join(this.directory, "icacls.log"), "utf8").trim().split("\n");
  }

  /** Pipes that are still listened on: here they are files. */
  pipes(): string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith("\\\\.\\pipe\\"));
  }
}
