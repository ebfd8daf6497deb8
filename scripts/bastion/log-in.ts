// The way to an instance's sshd that all commands of OpenSSH's take: find, start a session, authorize when sshd speaks.
import { resolve } from "node:path";
import { openStandardStream } from "../../session-manager/index.ts";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { quoted } from "../errors/printable.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { type JoinPoint, openJoinPoint } from "../ssh/join-point.ts";
import { type KeyPair, ephemeralKeyPair, namedKeyPair } from "../ssh/key-pair.ts";
import { type LaunchProgram, type OpenSshProgram, prepareProgram } from "../ssh/launch-ssh.ts";
import type { KnownHosts } from "../ssh/known-hosts.ts";
import type { SshConnection } from "../ssh/ssh-arguments.ts";
import type { BastionTarget } from "./bastion-target.ts";
import { explainLogin } from "./explain-login.ts";
import { findBastion } from "./find-bastion.ts";
import type { RebootPolicy } from "./heal-connection.ts";
import { KeyAuthorization } from "./key-authorization.ts";
import { type OpenSession, openSession } from "./open-session.ts";
import { defaultOsUser } from "./os-user.ts";
import { openKnownHosts } from "./known-instances.ts";
import { pinHostKey } from "./pin-host-key.ts";
import { claimAndSweep, makeWorkDirectory } from "./private-work.ts";
import { type SshOutcome, runSshThrough } from "./run-ssh-through.ts";

export interface LoginRequest {
  readonly target: BastionTarget;
  /** Path of the named key; undefined for an ephemeral one. */
  readonly keyName: string | undefined;
  readonly rebootPolicy: RebootPolicy;
  readonly force: boolean;
}

/** What is run once the instance is known. */
export interface LoginProgram {
  readonly program: OpenSshProgram;
  /** Its arguments, without its name. */
  argumentsFor(connection: SshConnection): string[];
}

/**
 * Runs the program on a connection to the bastion; resolves with the program's own exit status.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export async function logIn(given: LoginRequest, login: LoginProgram, context: CommandContext): Promise<number> {
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  try {
    const finding = findBastion(given.target, context);
    const preparing = prepare(login, work, context);
    context.aws.prepareSession();
    const [instance, [launch, joinPoint]] = await untilAborted(Promise.all([finding, preparing]), context.signal);
    const osUser = given.target.osUser ?? defaultOsUser(context.settings);
    const keyPair = prepareKeyPair(given, work, context);
    const knownHosts = openKnownHosts(context);
    return await logInTo(
      { ...given, ...login, instance, launch, osUser, keyPair, knownHosts, work },
      joinPoint,
      context,
    );
  } finally {
    work.remove();
    await sweeping;
  }
}

/** The program comes first: where it is not installed, nothing else of OpenSSH's is either. */
async function prepare(
  { program }: LoginProgram,
  work: WorkDirectory,
  { clock, process }: CommandContext,
): Promise<[LaunchProgram, JoinPoint]> {
  const launch = await prepareProgram(program, process.platform, clock);
  return [launch, await openJoinPoint(work.path, process)];
}

interface Login extends LoginRequest, LoginProgram {
  readonly instance: Instance;
  readonly launch: LaunchProgram;
  readonly osUser: string;
  readonly keyPair: KeyPair;
  readonly knownHosts: KnownHosts;
  readonly work: WorkDirectory;
}

/** A refusal that took longer is a person's, who has mistyped a passphrase and need not be asked again. */
const PROMPT_REFUSAL_MS = 5_000;

/** Logs in; where sshd refuses the key at once, it may not have seen it yet: that is tried again, one time. */
async function logInTo(login: Login, joinPoint: JoinPoint, context: CommandContext): Promise<number> {
  const first = await attempt(login, joinPoint, context);
  const again = first.failedAt === "login" && (first.sinceAuthorizedMs ?? Infinity) < PROMPT_REFUSAL_MS;
  if (again) context.reporter.say("the key was not accepted; authorizing it once more");
  const last = again ? await attempt(login, await secondJoinPoint(login, context), context) : first;
  if (last.failedAt !== undefined) await explainLogin({ ...login, stage: last.failedAt }, context);
  return last.exitCode;
}

function secondJoinPoint({ work }: Login, { process }: CommandContext): Promise<JoinPoint> {
  return openJoinPoint(work.makeDirectory("again"), process);
}

function attempt(login: Login, joinPoint: JoinPoint, context: CommandContext): Promise<SshOutcome> {
  const { instance, launch, osUser, keyPair, knownHosts } = login;
  const ending = new AbortController();
  const { proxyCommand } = joinPoint;
  const connection = { instanceId: instance.instanceId, osUser, keyPair, knownHosts, proxyCommand };
  return runSshThrough(
    {
      joinPoint,
      ending,
      // ssh comes first: its own start then hides behind that of the session.
      ssh: launch(login.argumentsFor(connection)),
      opening: openSshSession(login, { ...context, signal: ending.signal }),
      authorization: keyAuthorization(instance, osUser, keyPair, context),
    },
    context,
  );
}

export interface SshSessionRequest {
  readonly instance: Instance;
  readonly rebootPolicy: RebootPolicy;
  readonly force?: boolean;
  /** Knows the session as long as the command runs. */
  readonly work: WorkDirectory;
  readonly knownHosts: KnownHosts;
}

/** A session to the instance's sshd, once its host key is known, if that can be. */
export async function openSshSession(
  { instance, rebootPolicy, force, work, knownHosts }: SshSessionRequest,
  context: CommandContext,
): Promise<OpenSession> {
  const recordSession: WorkDirectory["recordSession"] = (session) => {
    work.recordSession(session);
  };
  const pinning = pinHostKey(instance, knownHosts, context); // beside the session, which takes longer
  pinning.catch(() => undefined); // thrown below, unless there is no session
  const session = await openSession(
    { instance, rebootPolicy, force },
    { ...context, openStream: openStandardStream, recordSession },
  );
  try {
    await pinning;
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Authorizes the key pair on the instance, as often as connections need it. */
export function keyAuthorization(
  instance: Instance,
  osUser: string,
  { publicKey }: Pick<KeyPair, "publicKey">,
  { aws, clock }: Pick<CommandContext, "aws" | "clock">,
): KeyAuthorization {
  return new KeyAuthorization(() => aws.sendSshPublicKey({ ...instance, osUser, publicKey }), clock);
}

/** The key to log in with: the named one, made if there is none, or one that goes with the command. */
export function prepareKeyPair(
  { keyName }: Pick<LoginRequest, "keyName">,
  work: WorkDirectory,
  context: CommandContext,
): KeyPair {
  if (keyName === undefined) return ephemeralKeyPair(work.path);
  const keyPair = namedKeyPair(resolve(context.workingDirectory, keyName), context.process.userId);
  if (keyPair.isNew) context.reporter.say(`made key pair ${quoted(keyName)}, ${quoted(`${keyName}.pub`)}`);
  return keyPair;
}
