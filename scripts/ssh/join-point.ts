// Where ssh's ProxyCommand meets this process: two named pipes in a private directory, joined to ssh by cat(1); on Windows
// what goes by that name there.
//
// cat is there in an instant; a Node program that joined a socket took 60 ms of every connection, and more of the data.
import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { openPipeToSsh } from "../platform/windows.ts";
import { shellQuote } from "./shell-quote.ts";

/** What ssh writes and what it is to read, as soon as it comes; until then the pipes keep what they are given. */
export interface JoinPoint {
  /** The program that joins ssh's stdin and stdout, as ssh starts it. */
  readonly proxyCommand: string;
  readonly fromSsh: Readable;
  readonly toSsh: Writable;
  close(): void;
}

// ssh hands the ProxyCommand to the person's own shell, whichever that is; this one knows what 3<> means. Each pipe is
// opened for both directions first, and that end given up again: a plain open would wait for ever for a process that was
// killed meanwhile, and so would ssh.
const OPEN_PIPES = 'exec 3<>"$1" 4<"$1" 3>&- 5<>"$2" 6>"$2" 5>&-';
// The first cat is not to hold the end that tells this process when ssh is gone.
const JOIN_PIPES = `${OPEN_PIPES}; cat <&4 6>&- & exec cat >&6 4<&-`;

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** The system, and this program's own. */
export interface JoiningProcess {
  readonly platform: NodeJS.Platform;
  /** Path of the running node. */
  readonly execPath: string;
}

/**
 * Makes the pipes; the directory must be private.
 *
 * @throws what mkfifo(1) says when they cannot be made
 */
export async function openJoinPoint(directory: string, { platform, execPath }: JoiningProcess): Promise<JoinPoint> {
  if (platform === "win32") return openPipeToSsh(execPath);
  const toSshPath = join(directory, "to-ssh");
  const fromSshPath = join(directory, "from-ssh");
  await promisify(execFile)("mkfifo", ["-m", "600", toSshPath, fromSshPath]);
  const toSsh = openEnd(toSshPath, O_RDWR, { writable: true }); // without a reader, opening it for writing fails
  const keeper = keepOpen(fromSshPath);
  const fromSsh = openEnd(fromSshPath, O_RDONLY, { readable: true });
  fromSsh.once("data", keeper.release).pause();
  const close = (): void => {
    keeper.release();
    fromSsh.destroy();
    toSsh.destroy();
  };
  const words = ["/bin/sh", "-c", JOIN_PIPES, "join", toSshPath, fromSshPath];
  return { proxyCommand: words.map(shellQuote).join(" "), fromSsh, toSsh, close };
}

function openEnd(path: string, mode: number, direction: { readable?: boolean; writable?: boolean }): Socket {
  const socket = new Socket({ fd: openSync(path, mode | O_NONBLOCK), readable: false, writable: false, ...direction });
  socket.on("error", () => undefined); // ssh is gone, and says so itself
  return socket;
}

/** Holds the pipe's other end: a pipe without a writer reads as ended, and ssh has not come yet. */
function keepOpen(path: string): { release: () => void } {
  let descriptor: number | undefined = openSync(path, O_RDWR | O_NONBLOCK);
  const release = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return { release };
}
