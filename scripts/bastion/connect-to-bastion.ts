// The main job: find the bastion, open a session, authorize the key when sshd speaks, and let ssh do the rest.
import { join, resolve } from "node:path";
import { openStandardStream } from "../../session-manager/index.ts";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { quoted } from "../errors/printable.ts";
import { ensurePrivateDirectory } from "../platform/private-directories.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { type JoinPoint, openJoinPoint } from "../ssh/join-point.ts";
import { type KeyPair, ephemeralKeyPair, namedKeyPair } from "../ssh/key-pair.ts";
import { type LaunchSsh, prepareSsh } from "../ssh/launch-ssh.ts";
import { sshArguments } from "../ssh/ssh-arguments.ts";
import type { ConnectArguments } from "./connect-arguments.ts";
import { findBastion } from "./find-bastion.ts";
import { KeyAuthorization } from "./key-authorization.ts";
import { type OpenSession, openSession } from "./open-session.ts";
import { defaultOsUser } from "./os-user.ts";
import { claimAndSweep, makeWorkDirectory } from "./private-work.ts";
import { runSshThrough } from "./run-ssh-through.ts";

/**
 * Connects; resolves with ssh's own exit status.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export async function connectToBastion(given: ConnectArguments, context: CommandContext): Promise<number> {
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  try {
    const finding = findBastion(given.target, context);
    const preparing = Promise.all([prepareSsh(context.clock), openJoinPoint(work.path)]);
    context.aws.prepareSession();
    const [instance, [launchSsh, joinPoint]] = await untilAborted(Promise.all([finding, preparing]), context.signal);
    return await connectToInstance({ ...given, instance, launchSsh, joinPoint, work }, context);
  } finally {
    work.remove();
    await sweeping;
  }
}

interface ConnectionRequest extends ConnectArguments {
  readonly instance: Instance;
  readonly launchSsh: LaunchSsh;
  readonly joinPoint: JoinPoint;
  readonly work: WorkDirectory;
}

function connectToInstance(request: ConnectionRequest, context: CommandContext): Promise<number> {
  const { instance, launchSsh, joinPoint } = request;
  const osUser = request.target.osUser ?? defaultOsUser(context.settings);
  const keyPair = prepareKeyPair(request, context);
  const ending = new AbortController();
  return runSshThrough(
    {
      joinPoint,
      ending,
      // ssh comes first: its own start then hides behind that of the session.
      ssh: launchSsh(argumentsFor(request, keyPair, osUser, context)),
      opening: startOpening(request, context, ending.signal),
      authorization: new KeyAuthorization(
        () => context.aws.sendSshPublicKey({ ...instance, osUser, publicKey: keyPair.publicKey }),
        context.clock,
      ),
    },
    context,
  );
}

function prepareKeyPair({ keyName, work }: ConnectionRequest, context: CommandContext): KeyPair {
  if (keyName === undefined) return ephemeralKeyPair(work.path);
  const keyPair = namedKeyPair(resolve(context.workingDirectory, keyName), context.process.userId);
  if (keyPair.isNew) context.reporter.say(`made key pair ${quoted(keyName)}, ${quoted(`${keyName}.pub`)}`);
  return keyPair;
}

function startOpening(
  { instance, rebootPolicy, work }: ConnectionRequest,
  context: CommandContext,
  signal: AbortSignal,
): Promise<OpenSession> {
  return openSession(
    { instance, rebootPolicy },
    {
      ...context,
      signal,
      openStream: openStandardStream,
      recordSession: (session) => {
        work.recordSession(session);
      },
    },
  );
}

function argumentsFor(
  { instance, words, joinPoint }: ConnectionRequest,
  keyPair: KeyPair,
  osUser: string,
  { directories, process }: CommandContext,
): string[] {
  ensurePrivateDirectory(directories.state, process.userId);
  return sshArguments({
    instanceId: instance.instanceId,
    osUser,
    keyPair,
    knownHostsFile: join(directories.state, "known_hosts"),
    proxyCommand: joinPoint.proxyCommand,
    words,
  });
}
