// One session of an SSH connection: a shell, a command or sftp, run as sshd runs them.
import { spawn, type ChildProcess } from "node:child_process"; // zx holds output back and adds a shell of its own
import { basename } from "node:path";
import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";
import type { Clock } from "../../session-manager/clock.ts";
import { ChannelWriter } from "./channel-writer.ts";
import { endOf, hangUpGroup, signalGroup, type ProcessEnd } from "./child-process.ts";
import { withVariable, type Login } from "./login.ts";
import { findSftpServer } from "./openssh.ts";
import { Terminal } from "./terminal.ts";

/** What a session can do to the program it has started. */
interface Program {
  signal(name: NodeJS.Signals): void;
  hangUp(): void;
}

export interface SshSessionOptions {
  readonly login: Login;
  readonly clock: Clock;
  /** Where the session leaves what ends its program, for when the connection ends. */
  readonly running: Set<() => void>;
}

/** The signals of RFC 4254 section 6.10; a client may ask for no others. */
const SIGNALS = ["ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2"];

/** Serves `session` until its program ends, the client closes it, or the connection ends. */
export class SshSession {
  readonly #clock: Clock;
  readonly #running: Set<() => void>;
  #login: Login;
  #terminalRequest: PseudoTtyInfo | undefined;
  #terminal: Terminal | undefined;
  #program: Program | undefined;

  constructor(session: Session, { login, clock, running }: SshSessionOptions) {
    this.#login = login;
    this.#clock = clock;
    this.#running = running;
    this.#listenBeforeStart(session);
    this.#listenForStart(session);
    session.on("signal", (accept, _reject, { name }) => {
      if (SIGNALS.includes(name)) this.#program?.signal(`SIG${name}` as NodeJS.Signals);
      answer(accept);
    });
  }

  #listenBeforeStart(session: Session): void {
    session.on("pty", (accept, _reject, request) => {
      this.#terminalRequest = request;
      answer(accept);
    });
    session.on("env", (accept, _reject, variable) => {
      // ssh2 gives the value another name than its types say, so it is taken by place: name first, value second.
      const [name, value] = Object.values(variable) as [string, string];
      this.#login = withVariable(this.#login, name, value);
      answer(accept);
    });
    session.on("window-change", (accept, _reject, { cols, rows }) => {
      this.#terminal?.resize({ columns: cols, rows });
      answer(accept);
    });
  }

  #listenForStart(session: Session): void {
    const { shell } = this.#login;
    session.on("shell", (accept) => {
      this.#start(accept(), shell, [`-${basename(shell)}`]);
    });
    session.on("exec", (accept, _reject, { command }) => {
      this.#start(accept(), shell, [basename(shell), "-c", command]);
    });
    session.on("subsystem", (accept, reject, { name }) => {
      const sftpServer = name === "sftp" ? findSftpServer() : undefined;
      if (sftpServer === undefined) reject();
      else this.#startPiped(accept(), sftpServer, ["sftp-server"]);
    });
  }

  #start(channel: ServerChannel, file: string, programArguments: readonly string[]): void {
    if (this.#terminalRequest === undefined) this.#startPiped(channel, file, programArguments);
    else this.#startOnTerminal(channel, file, programArguments);
  }

  #startOnTerminal(channel: ServerChannel, file: string, programArguments: readonly string[]): void {
    const { cols = 80, rows = 24, term = "" } = this.#terminalRequest ?? {};
    const type = term === "" ? "xterm-256color" : term;
    const size = { columns: cols, rows };
    const terminal = new Terminal({ file, arguments: programArguments, type, size }, this.#login);
    this.#terminal = terminal;
    channel.pipe(terminal.input);
    const copied = new ChannelWriter(channel).copy(terminal.output, channel);
    // Signals reach a program on a terminal as keys; sshd passes on no others either, but for these to the session.
    const program = {
      signal: () => undefined,
      hangUp: () => {
        terminal.hangUp();
      },
    };
    this.#conclude(channel, program, terminal.ended, copied);
  }

  #startPiped(channel: ServerChannel, file: string, [argv0 = file, ...rest]: readonly string[]): void {
    const { home, environment } = this.#login;
    const child = spawn(file, rest, { argv0, cwd: home, env: environment, detached: true });
    child.stdin.on("error", () => undefined); // the program closed its stdin, as `head` does
    channel.pipe(child.stdin);
    const writer = new ChannelWriter(channel);
    const copied = Promise.all([writer.copy(child.stdout, channel), writer.copy(child.stderr, channel.stderr)]);
    this.#conclude(channel, groupOf(child, this.#clock), endOf(child), copied);
  }

  #conclude(channel: ServerChannel, program: Program, ended: Promise<ProcessEnd>, copied: Promise<unknown>): void {
    const hangUp = (): void => {
      program.hangUp();
    };
    this.#program = program;
    this.#running.add(hangUp);
    channel.once("close", hangUp);
    void Promise.all([ended, copied]).then(([end]) => {
      this.#running.delete(hangUp);
      channel.removeListener("close", hangUp);
      if ("status" in end) channel.exit(end.status);
      else channel.exit(end.signal.replace(/^SIG/, ""), false, "");
      channel.end();
      channel.resume(); // what the client still sends has no reader; unread, it would keep the channel open
    });
  }
}

function groupOf(child: ChildProcess, clock: Clock): Program {
  return {
    signal: (name) => {
      signalGroup(child, name);
    },
    hangUp: () => {
      hangUpGroup(child, clock);
    },
  };
}

/** ssh2 hands in no function when the client wants no answer, whatever its types say. */
function answer(accept: (() => void) | undefined): void {
  accept?.();
}
