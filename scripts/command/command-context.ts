// The world that a use case is handed: nothing below it touches the process, the clock or the SDK.
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import type { PrivateDirectories } from "../platform/directory-places.ts";
import type { Aws } from "./aws-ports.ts";
import type { CommandLine, Flags } from "./command-line.ts";
import type { ProjectSettings } from "./project-settings.ts";
import type { RawTerminal } from "./raw-terminal.ts";
import type { Reporter } from "./reporter.ts";
import type { Terminal } from "./terminal.ts";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandContext extends LocalContext {
  readonly aws: Aws;
}

/** The same for a command that has nothing to do with AWS, and so needs neither Region nor credentials. */
export interface LocalContext {
  readonly clock: Clock;
  /** Aborted by Ctrl-C and its like; its reason is what the command ends with. */
  readonly signal: AbortSignal;
  readonly reporter: Reporter;
  /** The person to ask; undefined where nobody is. */
  readonly terminal: Terminal | undefined;
  readonly settings: ProjectSettings;
  readonly directories: PrivateDirectories;
  /** The person's home directory. */
  readonly home: string;
  /** Where relative paths on the command line begin. */
  readonly workingDirectory: string;
  /** The folder of the entry point. */
  readonly programDirectory: string;
  readonly environment: Environment;
  readonly process: ProcessIdentity;
  /** stdin and stdout: the answer's, never the story's. */
  readonly standardStreams: StandardStreams;
  /** The terminal, where stdin and stdout are one; undefined where either is something else. */
  readonly rawTerminal: RawTerminal | undefined;
  /** Registers what must happen even if nobody waits for us any more; it must be synchronous. */
  onExit(action: () => void): void;
}

/** What comes in, and where the answer goes. */
export interface StandardStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Errors of what runs elsewhere; our own go through the reporter. */
  readonly errorOutput: Writable;
}

/** Who we are to the operating system. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Path of the running node. */
  readonly execPath: string;
  /** Path of the running program, and the words that it was given: how to start it again. */
  readonly program: string;
  readonly words: readonly string[];
  readonly platform: NodeJS.Platform;
  /** Number of the user; undefined on Windows. */
  readonly userId: number | undefined;
}

/** Does the work; resolves with the exit status. */
export type UseCase<Arguments, Context = CommandContext> = (given: Arguments, context: Context) => Promise<number>;

/** One of the commands in scripts/. */
export interface Command<Arguments, Context = CommandContext> {
  readonly name: string;
  /** What --help prints. */
  readonly usage: string;
  /** Its own flags; those that all commands have come on top. */
  readonly flags: Flags;
  /** @throws UserError (64) */
  parse(line: CommandLine): Arguments;
  /** The bastion that it was to reach, as a person names it: where that fails, the error names doctor. */
  bastionOf?(given: Arguments, settings: ProjectSettings): string | undefined;
  /** Another program starts it and ends it by a signal, which is nothing to speak of. */
  readonly endsSilently?: boolean;
  /** Loads the use case: late, because --help must not wait for an SDK. */
  load(): Promise<UseCase<Arguments, Context>>;
}
