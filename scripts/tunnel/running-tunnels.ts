// The tunnels that run: their list, and the end of one or all.
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { CommandContext } from "../command/command-context.ts";
import { nearest } from "../command/did-you-mean.ts";
import { sendSignal } from "../command/send-signal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { printable, quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { processStartMark } from "../platform/process-start.ts";
import { runningNotes } from "../platform/work-directory.ts";

/** What a tunnel tells of itself. */
export interface RunningTunnel {
  /** Names of its targets, with commas between. */
  readonly name: string;
  readonly pid: number;
  /** Name tag, or instance id where there is none; foreign text. */
  readonly bastion: string;
  readonly instanceId: string;
  readonly via: "ssh" | "port";
  readonly forwards: readonly RunningForward[];
}

export interface RunningForward {
  readonly target: string;
  /** Missing for a SOCKS proxy. */
  readonly host?: string;
  readonly port?: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Of a database: as the service writes it. */
  readonly engine?: string;
  /** Lines that connect a client. */
  readonly connect?: readonly string[];
}

type Needs = Pick<CommandContext, "directories" | "process" | "standardStreams" | "reporter" | "clock">;

const STOP_LIMIT_MS = 10_000;
const POLL_MS = 50;

/** Prints them, one line each. */
export async function listTunnels({ json }: { readonly json: boolean }, needs: Needs): Promise<number> {
  const tunnels = await runningTunnels(needs);
  const { output } = needs.standardStreams;
  if (json) output.write(`${JSON.stringify(tunnels)}\n`);
  else for (const tunnel of tunnels) output.write(`${printable(lineOf(tunnel))}\n`);
  if (tunnels.length === 0) needs.reporter.say("no tunnel is running");
  return ExitCode.Success;
}

/**
 * Ends those of the name, or all, and waits until they have gone.
 *
 * @throws UserError (66) when there is none of that name
 */
export async function stopTunnels(name: string, needs: Needs): Promise<number> {
  const tunnels = await runningTunnels(needs);
  const meant = name === "all" ? tunnels : tunnels.filter((tunnel) => isCalled(tunnel, name));
  if (meant.length === 0 && name !== "all") throw noTunnel(name, tunnels);
  await Promise.all(meant.map((tunnel) => stop(tunnel, needs)));
  needs.reporter.say(
    meant.length === 0 ? "no tunnel is running" : `stopped ${meant.map((each) => each.name).join(" ")}`,
  );
  return ExitCode.Success;
}

/** Those of this user. */
export async function runningTunnels({
  directories,
  process,
}: Pick<Needs, "directories" | "process">): Promise<RunningTunnel[]> {
  const notes = await runningNotes(directories.runtime, process.platform);
  return notes.flatMap(({ pid, content }) => (isTunnel(content) ? [{ ...content, pid }] : []));
}

function isTunnel(content: unknown): content is RunningTunnel {
  const { name, forwards } = Object(content) as Partial<Record<keyof RunningTunnel, unknown>>;
  return typeof name === "string" && Array.isArray(forwards);
}

function lineOf({ name, pid, bastion, via, forwards }: RunningTunnel): string {
  const ports = forwards.map(({ localAddress, localPort }) => `${localAddress}:${localPort}`).join(",");
  return `${name}\t${ports}\t${bastion}\t${via}\tprocess ${pid}`;
}

/** By its name, one of its targets', its process or its local port. */
function isCalled({ name, pid, forwards }: RunningTunnel, word: string): boolean {
  const names = forwards.flatMap(({ target, localPort }) => [target, String(localPort)]);
  return [name, String(pid), ...names].includes(word);
}

function noTunnel(name: string, tunnels: readonly RunningTunnel[]): UserError {
  const [guess] = nearest(
    name,
    tunnels.map((tunnel) => tunnel.name),
  );
  return new UserError(`cannot stop tunnel ${quoted(name)}: none of that name is running`, {
    hint: guess === undefined ? "tunnel.ts --list shows those that are" : `did you mean ${quoted(guess)}?`,
    exitCode: ExitCode.NotFound,
  });
}

async function stop({ pid }: RunningTunnel, { clock, process }: Pick<Needs, "clock" | "process">): Promise<void> {
  const mark = await processStartMark(pid, process.platform);
  if (mark === undefined) return;
  sendSignal(pid, "SIGTERM");
  const isGone = async (): Promise<boolean> => (await processStartMark(pid, process.platform)) !== mark;
  if (await within(STOP_LIMIT_MS, isGone, clock)) return;
  sendSignal(pid, "SIGKILL"); // what it leaves is swept by the next command
  await within(STOP_LIMIT_MS, isGone, clock);
}

async function within(limitMs: number, isSo: () => Promise<boolean>, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + limitMs;
  while (!(await isSo())) {
    if (clock.now() >= deadline) return false;
    await sleep(POLL_MS, clock);
  }
  return true;
}
