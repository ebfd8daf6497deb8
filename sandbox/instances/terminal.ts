// A program on a pseudo-terminal, by way of Python's own pty module.
// Python and not node-pty: that loses what a program wrote right before its end (`seq 1 100000`: 10 runs of 30 were short).
import { spawn, type ChildProcess } from "node:child_process"; // zx has no fourth descriptor, and adds a shell
import type { Readable, Writable } from "node:stream";
import { endOf, type ProcessEnd } from "./child-process.ts";
import type { Login } from "./login.ts";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalProgram {
  readonly file: string;
  /** The arguments from the zeroth on: a name that begins with a hyphen makes a login shell. */
  readonly arguments: readonly string[];
  /** Value of TERM. */
  readonly type: string;
  readonly size: TerminalSize;
}

/** Sizes that ioctl(TIOCSWINSZ) takes: unsigned 16 bits. */
const MAX_COLUMNS_OR_ROWS = 65_535;

/**
 * Copies between descriptors 0 and 1 and a pty, at most 64 KiB waiting each way, so that whoever reads slowly slows the
 * program down. Descriptor 3 brings lines `<columns> <rows>`; its end means that the sandbox is gone, and hangs up.
 * A program's last output is read until the kernel says that no more can come; if something that the program left
 * behind holds the terminal open, until it has been silent for 0.1 s.
 */
const PTY_COPIER = `
import fcntl, os, pty, select, signal, struct, sys, termios
LIMIT = 65536
def resize(master, columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def read(descriptor):
    try:
        return os.read(descriptor, LIMIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""
def write(descriptor, data):
    try:
        return data[os.write(descriptor, data):]
    except BlockingIOError:
        return data
    except OSError:
        return b""
columns, rows, program, arguments = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
child, master = pty.fork()
if child == 0:
    os.close(3)
    resize(0, columns, rows)
    for number in (signal.SIGPIPE, signal.SIGXFSZ): # Python ignores these, and what it starts would inherit that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(program, arguments)
    except OSError as error:
        os.write(2, ("cannot start %s: %s\\n" % (program, error.strerror)).encode())
        os._exit(127)
for descriptor in (0, 1, 3, master):
    os.set_blocking(descriptor, False)
to_program, to_client, sizes, ended, status = b"", b"", b"", False, None
inputs = {0, 3}
while not ended or to_client:
    readers = [d for d in inputs if d == 3 or len(to_program) < LIMIT]
    if not ended and len(to_client) < LIMIT:
        readers.append(master)
    writers = ([master] if to_program and not ended else []) + ([1] if to_client else [])
    quiet = 0.1 if status is not None else 0.5
    readable, writable, _ = select.select(readers, writers, [], quiet)
    if 1 in writable:
        to_client = write(1, to_client)
    if master in writable:
        to_program = write(master, to_program)
    if master in readable:
        data = read(master)
        if data == b"":
            ended = True
        elif data:
            to_client += data
    elif status is not None and not readable and not writable:
        ended = True
    if 0 in readable:
        data = read(0)
        if data == b"":
            inputs.discard(0)
        elif data:
            to_program += data
    if 3 in readable:
        data = read(3)
        if data == b"":
            os._exit(129)
        sizes += data or b""
        *lines, sizes = sizes.split(b"\\n")
        if lines and not ended:
            resize(master, *map(int, lines[-1].split()))
    if status is None:
        done, result = os.waitpid(child, os.WNOHANG)
        status = result if done else None
if status is None:
    status = os.waitpid(child, 0)[1]
if os.WIFSIGNALED(status):
    number = os.WTERMSIG(status)
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
os._exit(os.WEXITSTATUS(status))
`;

/** A program whose keyboard and screen are streams. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #sizes: Writable;
  /** What is typed. */
  readonly input: Writable;
  /** What the program writes to the screen; reading slowly slows the program down. */
  readonly output: Readable;
  /** How the program ended; resolves after its last output, never rejects. */
  readonly ended: Promise<ProcessEnd>;

  /** Starts the program in the login's HOME; a program or a Python that is missing shows as status 127. */
  constructor(program: TerminalProgram, login: Login) {
    const { columns, rows } = clamped(program.size);
    const options = [String(columns), String(rows), program.file, ...program.arguments];
    this.#child = spawn("python3", ["-I", "-S", "-c", PTY_COPIER, ...options], {
      cwd: login.home,
      env: { ...login.environment, TERM: program.type },
      stdio: ["pipe", "pipe", "ignore", "pipe"],
      detached: true, // Ctrl-C where the sandbox runs is not for the programs on its instances
    });
    this.ended = endOf(this.#child);
    // Node makes a stream of each descriptor that is to be a pipe, also when the program cannot be started.
    [this.input, this.output, , this.#sizes] = this.#child.stdio as unknown as [Writable, Readable, null, Writable];
    // Both end when the program does; a key that is typed at that moment has nowhere to go.
    for (const stream of [this.input, this.#sizes]) stream.on("error", () => undefined);
  }

  resize(size: TerminalSize): void {
    const { columns, rows } = clamped(size);
    if (this.#sizes.writable) this.#sizes.write(`${columns} ${rows}\n`);
  }

  /** Takes the terminal away, as a modem that hangs up: the program and its foreground jobs get SIGHUP. */
  hangUp(): void {
    this.#child.kill("SIGHUP");
  }
}

function clamped({ columns, rows }: TerminalSize): TerminalSize {
  const clamp = (count: number): number => Math.min(Math.max(Math.trunc(count) || 0, 0), MAX_COLUMNS_OR_ROWS);
  return { columns: clamp(columns), rows: clamp(rows) };
}
