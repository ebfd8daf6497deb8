// `npm run sandbox`: from a fresh clone to a shell on the deployed bastion, and nothing left at the end.
import { join, relative, resolve } from "node:path";
import { systemClock } from "../session-manager/clock.ts";
import { Interruption, abortOnSignals } from "../scripts/platform/interruption.ts";
import { renderError } from "../scripts/errors/render-error.ts";
import { findPostgresql } from "./databases/postgresql-programs.ts";
import { DATABASE_NAME, DATABASE_USER } from "./desk/add-database.ts";
import { Closing } from "./desk/closing.ts";
import { USAGE, parseOptions, type SandboxOptions } from "./desk/options.ts";
import { Steps } from "./desk/steps.ts";
import { checkTools } from "./desk/tools.ts";
import { startSandbox } from "./desk/start-sandbox.ts";
import { runConnect } from "./desk/run-connect.ts";

const project = join(import.meta.dirname, "..");

async function main(signal: AbortSignal): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  await checkTools(process.version);
  if (options.database) await findPostgresql(); // before anything starts
  const closing = new Closing();
  const steps = new Steps(process.stderr, systemClock);
  try {
    return await visit(options, { steps, closing, signal });
  } finally {
    await closing.run();
  }
}

interface Desk {
  readonly steps: Steps;
  readonly closing: Closing;
  readonly signal: AbortSignal;
}

async function visit(options: SandboxOptions, desk: Desk): Promise<number> {
  const directory = resolve(options.directory ?? join(project, ".sandbox"));
  const { sshServer, paced, port, database } = options;
  const sandbox = await startSandbox({
    project,
    directory,
    sshServer,
    paced,
    port,
    database,
    clock: systemClock,
    ...desk,
  });
  const connect = (words: readonly string[]): Promise<number> =>
    runConnect({ project, bastion: sandbox.bastion, environment: sandbox.environment, words, signal: desk.signal });
  if (options.command !== undefined) return connect(["--", options.command]);
  if (process.stdin.isTTY) await connect([]);
  desk.signal.throwIfAborted();
  const environmentFile = relative(project, join(directory, "env"));
  desk.steps.say(invitation(environmentFile, [...(database ? TUNNELS : []), ...usualTries(sandbox.bastion)]));
  return stayUp(sandbox.ended, desk.signal);
}

const TUNNELS = [
  `./scripts/tunnel.ts --rds --db-user ${DATABASE_USER}`,
  `./scripts/tunnel.ts --rds ${DATABASE_NAME} --local-port 6543 --db-user ${DATABASE_USER} --exec 'psql -c "select 1"'`,
];

function usualTries(bastion: string): string[] {
  return [
    `./scripts/connect.ts ${bastion}`,
    `./scripts/connect.ts ${bastion} my_key -- uname -a`,
    "npx cdktf deploy",
    "aws ec2 describe-instances        (and any other AWS tool)",
  ];
}

function invitation(environmentFile: string, tries: readonly string[]): string {
  return `
the sandbox is up. From another terminal, in this folder:

${[`. ${environmentFile}`, ...tries].map((line) => `  ${line}\n`).join("")}
Ctrl-C here ends it all
`;
}

/** Resolves with the exit status: Ctrl-C is the ordinary end of a sandbox that is up. */
function stayUp(ended: Promise<void>, signal: AbortSignal): Promise<number> {
  const callOff = new Promise<number>((resolve) => {
    signal.addEventListener("abort", () => {
      resolve(0);
    });
  });
  return Promise.race([
    callOff,
    ended.then(() => Promise.reject(new TypeError("moto has ended by itself; the end of its log may say why"))),
  ]);
}

// The SDK warns of its plans for Node 20 at every start; this is its own switch, and hides no other warning.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const signal = abortOnSignals(process, (exitCode) => process.exit(exitCode));
main(signal).then(
  (status) => process.exit(status),
  (met: unknown) => {
    // What an interruption breaks off fails in ways of its own.
    const error: unknown = signal.aborted ? signal.reason : met;
    if (error instanceof Interruption) process.exit(error.exitCode);
    const { lines, exitCode } = renderError(error, { program: "sandbox", debug: false });
    process.stderr.write(lines.map((line) => `${line}\n`).join(""));
    process.exit(exitCode);
  },
);
