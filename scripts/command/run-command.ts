// The frame of every command: reads the command line, builds the world for the use case, ends with its status.
import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../../session-manager/clock.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { renderError } from "../errors/render-error.ts";
import { UserError } from "../errors/user-error.ts";
import { privateDirectories } from "../platform/directory-places.ts";
import type { Command, CommandContext, LocalContext } from "./command-context.ts";
import { type CommandLine, commonFlags, readCommandLine } from "./command-line.ts";
import { Interruption, abortOnSignals } from "../platform/interruption.ts";
import { pointToDoctor } from "./point-to-doctor.ts";
import { readProjectSettings } from "./project-settings.ts";
import { type RawTerminal, rawTerminal } from "./raw-terminal.ts";
import { StreamReporter } from "./reporter.ts";
import { lineTerminal } from "./terminal.ts";

/**
 * Runs the command and ends the process with its exit status.
 *
 * @param programDirectory - the entry point's folder; only the entry point knows it, since bundling moves everything else
 */
export function runCommand<Arguments>(command: Command<Arguments>, programDirectory: string): Promise<void> {
  return run(command, programDirectory, buildContext);
}

/** Runs a command that has nothing to do with AWS, in the same way. */
export function runLocalCommand<Arguments>(
  command: Command<Arguments, LocalContext>,
  programDirectory: string,
): Promise<void> {
  return run(command, programDirectory, buildLocalContext);
}

async function run<Arguments, Context extends LocalContext>(
  command: Command<Arguments, Context>,
  programDirectory: string,
  buildContext: (running: Running) => Promise<Context>,
): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined); // nobody reads any more
  // The SDK warns of its plans for Node 20 at every start; this is its own switch, and hides no other warning.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  // Windows would look for a program in the working directory first, which may be anybody's.
  if (process.platform === "win32") process.env["NoDefaultCurrentDirectoryInExePath"] = "1";
  const signal = abortOnSignals(process, (exitCode) => process.exit(exitCode));
  const words = process.argv.slice(2);
  try {
    const line = readCommandLine(words, { ...commonFlags, ...command.flags });
    process.exit(await answerOrExecute(command, { name: command.name, line, programDirectory, signal }, buildContext));
  } catch (error) {
    process.exit(report(error, command, words.includes("--debug")));
  }
}

interface Running {
  /** The command's. */
  readonly name: string;
  readonly line: CommandLine;
  readonly programDirectory: string;
  readonly signal: AbortSignal;
}

async function answerOrExecute<Arguments, Context extends LocalContext>(
  command: Command<Arguments, Context>,
  running: Running,
  buildContext: (running: Running) => Promise<Context>,
): Promise<number> {
  const { line, programDirectory, signal } = running;
  if (line.isSet("help")) return answer(command.usage);
  if (line.isSet("version")) return answer(`${command.name} ${versionOf(programDirectory)}\n`);
  const given = command.parse(line);
  const [execute, context] = await Promise.all([command.load(), buildContext(running)]);
  const status = await execute(given, context).catch((error: unknown) => {
    throw pointToDoctor(error, line, command.bastionOf?.(given, context.settings));
  });
  signal.throwIfAborted(); // the program we waited for got the signal too, and its status hides that
  return status;
}

function answer(text: string): number {
  process.stdout.write(text);
  return 0;
}

function versionOf(programDirectory: string): string {
  const manifest = readFileSync(join(dirname(programDirectory), "package.json"), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

function report(
  error: unknown,
  { name: program, endsSilently = false }: Pick<Command<never>, "name" | "endsSilently">,
  debug: boolean,
): number {
  if (error instanceof Interruption) {
    if (!endsSilently) process.stderr.write(`${program}: ${error.message}\n`);
    return error.exitCode;
  }
  const { lines, exitCode } = renderError(error, { program, debug });
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  return exitCode;
}

async function buildContext(running: Running): Promise<CommandContext> {
  const [local, { openAws }, { RememberedNames, rememberingNames }] = await Promise.all([
    buildLocalContext(running),
    import("../aws/open-aws.ts"),
    import("./remembered-names.ts"),
  ]);
  const [regionFlag, profileFlag] = [running.line.text("region"), running.line.text("profile")];
  const aws = await openAws({ ...local, regionFlag, profileFlag });
  // What AWS tells of names, a shell can complete from then on.
  return { ...local, aws: rememberingNames(aws, new RememberedNames(local.directories.state, local.process.userId)) };
}

async function buildLocalContext({ name, line, programDirectory, signal }: Running): Promise<LocalContext> {
  const reporter = new StreamReporter({
    program: name,
    stream: process.stderr,
    clock: systemClock,
    quiet: line.isSet("quiet"),
    debug: line.isSet("debug"),
  });
  const isAttended = process.stdin.isTTY && process.stderr.isTTY;
  const terminal = isAttended ? lineTerminal({ input: process.stdin, output: process.stderr, signal }) : undefined;
  const settings = await readProjectSettings(dirname(programDirectory), process.env["ENVIRONMENT"]);
  return { ...surroundings(), clock: systemClock, signal, reporter, terminal, settings, programDirectory };
}

type Surroundings =
  | "directories"
  | "home"
  | "workingDirectory"
  | "environment"
  | "process"
  | "standardStreams"
  | "rawTerminal"
  | "onExit";

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    const hint = "cd to another directory, and run the command again";
    throw new UserError("cannot work here: the current directory is gone", {
      hint,
      exitCode: ExitCode.NotFound,
      cause,
    });
  }
}

function personsTerminal(): RawTerminal {
  return rawTerminal({
    input: process.stdin,
    output: process.stdout,
    onContinue: (listener) => {
      process.on("SIGCONT", listener);
      return () => void process.removeListener("SIGCONT", listener);
    },
    onExit: (action) => process.once("exit", action),
  });
}

/** What the process says of itself. */
function surroundings(): Pick<LocalContext, Surroundings> {
  const environment = process.env;
  const userId = process.getuid?.();
  const home = homedir();
  return {
    home,
    directories: privateDirectories({ environment, home, temporary: tmpdir(), userId }),
    workingDirectory: currentDirectory(),
    environment,
    process: {
      pid: process.pid,
      execPath: process.execPath,
      program: process.argv[1] ?? "",
      words: process.argv.slice(2),
      platform: process.platform,
      userId,
    },
    standardStreams: { input: process.stdin, output: process.stdout, errorOutput: process.stderr },
    rawTerminal: process.stdin.isTTY && process.stdout.isTTY ? personsTerminal() : undefined,
    onExit: (action) => process.once("exit", action),
  };
}
