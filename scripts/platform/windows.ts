// What Windows does in another way than Linux and macOS: programs, permissions, quoting, and how ssh is joined.
//
// It has not been tried on a Windows computer (docs/commands.md, "On Windows"). What can run elsewhere is tested by running
// it, the joiner under the real ssh among it; of the rest each argument is compared.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { win32 } from "node:path";
import { env } from "node:process";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { quoted } from "../errors/printable.ts";

// By their whole paths: a bare name would be looked for in the working directory first, and in other programs' folders.
const SYSTEM = win32.join(env["SystemRoot"] ?? "C:\\Windows", "System32");
const WHOAMI = win32.join(SYSTEM, "whoami.exe");
const ICACLS = win32.join(SYSTEM, "icacls.exe");
const POWERSHELL = win32.join(SYSTEM, "WindowsPowerShell", "v1.0", "powershell.exe");
/** Windows' own OpenSSH, and the newer one from its makers; Git's ssh hands a ProxyCommand to a shell of its own. */
const OPENSSH_FOLDERS = [
  win32.join(env["ProgramFiles"] ?? "C:\\Program Files", "OpenSSH"),
  win32.join(SYSTEM, "OpenSSH"),
];

/** Runs a program to its end, and returns what it has written. */
export type RunProgram = (path: string, words: readonly string[]) => string;

const runProgram: RunProgram = (path, words) =>
  execFileSync(path, words, { encoding: "utf8", windowsHide: true, stdio: ["ignore", "pipe", "pipe"] });

/** How a program of OpenSSH is called; on Windows by its path, where there is one. */
export function openSshProgram(name: string, platform: NodeJS.Platform, exists = existsSync): string {
  if (platform !== "win32") return name;
  const paths = OPENSSH_FOLDERS.map((folder) => win32.join(folder, `${name}.exe`));
  return paths.find((path) => exists(path)) ?? win32.join(SYSTEM, "OpenSSH", `${name}.exe`);
}

/**
 * Gives the file or folder, with all that will be made in it, to the user who runs this, and takes it from all others.
 *
 * ssh takes a private key only if none but its owner, administrators and the system may read it.
 *
 * @throws what whoami or icacls has met
 * @see https://learn.microsoft.com/windows-server/administration/windows-commands/icacls
 */
export function closeToOthers(path: string, kind: "file" | "folder", run: RunProgram = runProgram): void {
  // The number is the same in every language and domain; the name may be another user's elsewhere.
  const said = run(WHOAMI, ["/user", "/fo", "csv", "/nh"]);
  const [, user] = /"(S-1-[\d-]+)"\s*$/.exec(said) ?? [];
  if (user === undefined) throw new RangeError(`whoami says ${quoted(said)}`);
  run(ICACLS, [path, "/inheritance:r", "/grant:r", `*${user}:${kind === "folder" ? "(OI)(CI)F" : "F"}`]);
}

/** What tells when a process began, as a number that PowerShell prints; nothing when there is none. */
export function startMarkWords(pid: number): readonly string[] {
  const script = `(Get-Process -Id ${pid} -ErrorAction Stop).StartTime.ToFileTimeUtc()`;
  return ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", script];
}

/** A mark of when the process began; undefined when it does not run. */
export async function startMarkOnWindows(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(POWERSHELL, startMarkWords(pid), { windowsHide: true });
    return /^\d+$/.exec(stdout.trim())?.[0];
  } catch {
    return undefined;
  }
}

/**
 * The word as programs on Windows take a command line apart; ssh starts its ProxyCommand without a shell there.
 *
 * @see https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
 */
export function quoteOnWindows(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
}

/** Joins stdin and stdout to a named pipe; ends when either side does, once all is written. */
const JOIN = [
  "var pipe = require('net').connect(process.argv[1])",
  "pipe.on('error', function () { process.exit(1) })",
  "pipe.on('end', function () { process.stdout.end(process.exit) })",
  "process.stdin.pipe(pipe).pipe(process.stdout, { end: false })",
].join("; ");

/**
 * Listens on a named pipe for the one program that joins ssh to it: Windows has no files that are pipes, and no cat.
 *
 * Others on the computer may see the pipe's name, and open it for reading before ssh does. They would read what ssh is to
 * decrypt, and keep it from coming: no more than that.
 *
 * @param node - path of the running node
 */
export async function openPipeToSsh(node: string, path = randomPipe()) {
  const [fromSsh, toSsh] = [new PassThrough(), new PassThrough()];
  const server = createServer((socket) => {
    server.close();
    for (const joined of [pipeline(socket, fromSsh), pipeline(toSsh, socket)]) joined.catch(() => undefined); // ssh is gone
  });
  server.maxConnections = 1;
  await once(server.listen(path), "listening");
  const close = (): void => {
    server.close();
    fromSsh.destroy();
    toSsh.destroy();
  };
  return { proxyCommand: [node, "-e", JOIN, path].map(quoteOnWindows).join(" "), fromSsh, toSsh, close };
}

function randomPipe(): string {
  return `\\\\.\\pipe\\isolated-bastion-${randomBytes(16).toString("hex")}`;
}
