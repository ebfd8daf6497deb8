// Opens a tunnel, and keeps it up: local ports first, then what they lead to, then the session that carries it all.
import { pipeline } from "node:stream";
import type { Socket } from "node:net";
import { findBastion } from "../bastion/find-bastion.ts";
import { type BastionTarget, parseBastionTarget } from "../bastion/bastion-target.ts";
import { claimAndSweep, makeWorkDirectory } from "../bastion/private-work.ts";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { usageError } from "../command/command-line.ts";
import type { InstanceNetwork } from "../command/network-ports.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { carrierOpener } from "./carrier-opener.ts";
import { checkRules } from "./check-rules.ts";
import { chooseVia, destinationOf } from "./choose-way.ts";
import { LocalListener } from "./local-listener.ts";
import { SteadyCarrier } from "./steady-carrier.ts";
import { type Forward, TunnelService } from "./tunnel-service.ts";
import type { OpenArguments, Wanted } from "./tunnel-arguments.ts";
import { type TunnelTarget, findDatabase, writtenTarget } from "./tunnel-targets.ts";

/** Session Manager ends sessions after an hour where an account says so; a new one is there by then. */
const RENEW_AFTER_MS = 55 * 60_000;
/** A port that only root may open gets a neighbour that anybody may: 80 becomes 8080. */
const FIRST_FREE_PORT = 1_024;
const UNPRIVILEGED_OFFSET = 8_000;
const LOOPBACK_ADDRESSES = /^(127\.|::1$|localhost$)/;

/** Resolves with the command's exit status (--exec), else only when the tunnel is ended. */
export async function openTunnel(given: OpenArguments, context: CommandContext): Promise<number> {
  const bastion = namedBastion(given, context);
  warnOfOpenAddress(given.bind, context);
  const listeners: LocalListener[] = [];
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  try {
    const written = await bindWritten(given, listeners, context);
    const instance = await untilAborted(findBastion(bastion, context), context.signal);
    const forwards = await bindFound({ given, written, listeners, instance }, context);
    return await serve({ given, bastion, forwards, instance, work }, context);
  } finally {
    for (const listener of listeners) listener.close();
    work.remove();
    await sweeping;
  }
}

/** @throws UserError (64) where neither flag nor settings name one */
function namedBastion({ bastion, osUser }: OpenArguments, { settings }: CommandContext): BastionTarget {
  if (bastion !== undefined) return bastion;
  if (settings.bastionName !== undefined) return parseBastionTarget(settings.bastionName, osUser);
  throw usageError("no bastion is named, and there are no settings that name one", "--bastion NAME");
}

function warnOfOpenAddress(bind: string, { reporter }: CommandContext): void {
  if (!LOOPBACK_ADDRESSES.test(bind))
    reporter.warn(`--bind ${bind} lets every computer that reaches this one use the tunnel, without asking who it is`);
}

/** What is known of a forward before AWS is asked. */
interface Known {
  readonly target: TunnelTarget | undefined;
  readonly listener: LocalListener | undefined;
}

/** A port per place in the list; those of databases are found later, unless the person named them. */
async function bindWritten(
  { wanted, localPorts, bind }: OpenArguments,
  listeners: LocalListener[],
  { settings }: CommandContext,
): Promise<readonly Known[]> {
  const forwards: Known[] = [];
  for (const [index, each] of wanted.entries()) {
    const target = writtenTarget(each, settings.targets);
    const port = localPorts[index] ?? (target === undefined ? undefined : defaultPort(target, listeners));
    const listener = port === undefined ? undefined : await LocalListener.open({ address: bind, port });
    if (listener !== undefined) listeners.push(listener);
    forwards.push({ target, listener });
  }
  return forwards;
}

/** The target's own, unless a listener of ours has it: then any. */
function defaultPort({ port }: TunnelTarget, listeners: readonly LocalListener[]): number {
  const wished = port < FIRST_FREE_PORT ? port + UNPRIVILEGED_OFFSET : port;
  return listeners.some((listener) => listener.port === wished) ? 0 : wished;
}

interface Finding {
  readonly given: OpenArguments;
  readonly written: readonly Known[];
  readonly listeners: LocalListener[];
  readonly instance: Instance;
}

/** The rest: databases, looked up in the bastion's network, and a port for each. */
async function bindFound(
  { given, written, listeners, instance }: Finding,
  context: CommandContext,
): Promise<Forward[]> {
  const { wanted, bind, documentName } = given;
  const network = await networkOf(wanted, instance, context);
  const forwards: Forward[] = [];
  for (const [index, each] of wanted.entries()) {
    const known = written[index];
    const target = known?.target ?? (await findWanted(each, network, context));
    const listener =
      known?.listener ?? (await LocalListener.open({ address: bind, port: defaultPort(target, listeners) }));
    if (!listeners.includes(listener)) listeners.push(listener);
    forwards.push({ target, listener });
  }
  // Where a document leads, it alone knows.
  if (network !== undefined && documentName === undefined) {
    const checks = forwards.map(({ target }) => checkRules(target, network, context));
    await untilAborted(Promise.all(checks), context.signal);
  }
  return forwards;
}

/** Only what the rules and the databases are looked up by: without permission, hosts and ports work all the same. */
async function networkOf(
  wanted: readonly Wanted[],
  { instanceId }: Instance,
  { aws, reporter }: CommandContext,
): Promise<InstanceNetwork | undefined> {
  try {
    return await aws.instanceNetwork(instanceId);
  } catch (error) {
    if (wanted.some(({ kind }) => kind === "rds" || kind === "cache")) throw error;
    reporter.debug(`cannot look at the bastion's network: ${String(error)}`);
    return undefined;
  }
}

function findWanted(
  wanted: Wanted,
  network: InstanceNetwork | undefined,
  context: CommandContext,
): Promise<TunnelTarget> {
  if (wanted.kind !== "rds" && wanted.kind !== "cache") throw new TypeError("what is written needs no looking up");
  if (network !== undefined) return findDatabase(wanted, network, context);
  throw new UserError("cannot find databases: the bastion is in no VPC any more", {
    hint: "run the command again",
    exitCode: ExitCode.TryAgain,
  });
}

interface Serving {
  readonly given: OpenArguments;
  readonly bastion: BastionTarget;
  readonly forwards: readonly Forward[];
  readonly instance: Instance;
  readonly work: WorkDirectory;
}

async function serve({ given, bastion, forwards, instance, work }: Serving, context: CommandContext): Promise<number> {
  const destinations = forwards.map(({ target }) => destinationOf(target, context.settings.targets));
  const via = chooseVia(given, bastion, destinations);
  const steady = await SteadyCarrier.open({
    open: carrierOpener({ given, via, bastion, instance, destinations, work }, context),
    clock: context.clock,
    signal: context.signal,
    reporter: context.reporter,
    renewAfterMs: RENEW_AFTER_MS,
  });
  try {
    for (const [index, { listener, target }] of forwards.entries())
      listener.serve((socket) => void carry(socket, { index, target, steady }, context));
    return await new TunnelService({ given, via, forwards, instance, work }, context).run();
  } finally {
    await steady.close();
  }
}

interface Way {
  readonly index: number;
  readonly target: TunnelTarget;
  readonly steady: SteadyCarrier;
}

/** Joins a connection of this computer to one of the bastion's. */
async function carry(
  socket: Socket,
  { index, target, steady }: Way,
  { signal, reporter }: CommandContext,
): Promise<void> {
  const gone = new AbortController();
  socket.once("close", () => {
    gone.abort();
  });
  try {
    const stream = await steady.connect(index, AbortSignal.any([gone.signal, signal]));
    stream.on("error", (error) => {
      reporter.warn(`a connection to ${target.name} has ended: ${error.message}`);
    });
    pipeline(socket, stream, () => undefined);
    pipeline(stream, socket, () => undefined);
  } catch (error) {
    socket.destroy();
    if (!gone.signal.aborted) reporter.warn(`cannot connect to ${target.name}: ${String(error)}`);
  }
}
