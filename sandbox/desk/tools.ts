// What the sandbox needs on this computer, and how to get what is missing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";

/** How a program says its version: a function from its name and arguments to its output, stderr included. */
export type RunProgram = (name: string, programArguments: readonly string[]) => Promise<string>;

interface Tool {
  readonly name: string;
  readonly programArguments: readonly string[];
  /** The version is the first group. */
  readonly version: RegExp;
  readonly atLeast: readonly [major: number, minor: number];
  readonly cure: string;
}

const tools: readonly Tool[] = [
  {
    name: "terraform",
    programArguments: ["version"],
    version: /Terraform v(\d+\.\d+)/,
    atLeast: [1, 10],
    cure: "install Terraform 1.10 or later: https://developer.hashicorp.com/terraform/install",
  },
  {
    name: "python3",
    // A Python without venv and ensurepip (Debian splits them off) cannot hold moto's server.
    programArguments: ["-c", "import sys, venv, ensurepip; print('Python %d.%d' % sys.version_info[:2])"],
    version: /^Python (\d+\.\d+)/,
    atLeast: [3, 10], // moto takes no older one
    cure: "install Python 3.10 or later with its venv module: https://www.python.org/downloads, or apt install python3-venv",
  },
  {
    name: "ssh",
    programArguments: ["-V"],
    version: /OpenSSH\w*_(\d+\.\d+)/,
    atLeast: [8, 0],
    cure: "install the OpenSSH client: apt install openssh-client, or dnf install openssh-clients",
  },
];

/**
 * Resolves when every program that the sandbox needs is here and new enough.
 *
 * @throws UserError with one hint a missing program, exit code Unavailable
 */
export async function checkTools(nodeVersion: string, run: RunProgram = runProgram): Promise<void> {
  const complaints = await Promise.all(tools.map((tool) => complaintAbout(tool, run)));
  const found = [complaintAboutNode(nodeVersion), ...complaints].filter((complaint) => complaint !== undefined);
  if (found.length === 0) return;
  throw new UserError(`cannot start the sandbox: ${found.map(({ what }) => what).join("; ")}`, {
    hint: found.map(({ cure }) => cure).join("\n"),
    exitCode: ExitCode.Unavailable,
  });
}

interface Complaint {
  readonly what: string;
  readonly cure: string;
}

async function complaintAbout(tool: Tool, run: RunProgram): Promise<Complaint | undefined> {
  const output = await run(tool.name, tool.programArguments).catch(() => undefined);
  if (output === undefined) return { what: `"${tool.name}" is missing or does not run`, cure: tool.cure };
  const version = tool.version.exec(output)?.[1];
  if (version !== undefined && isAtLeast(version, tool.atLeast)) return undefined;
  return { what: `"${tool.name}" is too old (${version ?? "of unknown version"})`, cure: tool.cure };
}

function complaintAboutNode(version: string): Complaint | undefined {
  if (isAtLeast(version.replace(/^v/, ""), [20, 19])) return undefined;
  return { what: `Node is too old (${version})`, cure: "install Node 20.19 or later: https://nodejs.org" };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

async function runProgram(name: string, programArguments: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(name, [...programArguments], { timeout: 20_000 });
  return stdout + stderr;
}
