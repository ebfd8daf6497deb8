// Carries one ssh connection to a bastion between stdin and stdout.
import { finished } from "node:stream/promises";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { Interruption } from "../platform/interruption.ts";
import { ensurePrivateDirectory } from "../platform/private-directories.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { type HostFiles, hostFiles } from "../ssh/host-files.ts";
import { hostKeyPair } from "../ssh/key-pair.ts";
import { KnownHosts } from "../ssh/known-hosts.ts";
import { LoginWatch } from "../ssh/login-watch.ts";
import { carrySsh } from "./carry-ssh.ts";
import { explainLogin } from "./explain-login.ts";
import { findBastion } from "./find-bastion.ts";
import type { KeyAuthorization } from "./key-authorization.ts";
import { openKnownHosts } from "./known-instances.ts";
import { keyAuthorization, openSshSession } from "./log-in.ts";
import type { OpenSession } from "./open-session.ts";
import { defaultOsUser } from "./os-user.ts";
import { claimAndSweep, makeWorkDirectory } from "./private-work.ts";
import type { ProxyArguments } from "./proxy-arguments.ts";

/**
 * Carries the connection until either side ends it; resolves with 0.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export async function proxyToBastion({ target }: ProxyArguments, context: CommandContext): Promise<number> {
  const { directories, process, aws, signal } = context;
  const host = { name: target.word, files: hostFiles(directories.state, target.word) };
  ensurePrivateDirectory(host.files.directory, process.userId);
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  try {
    const finding = findBastion(target, context);
    aws.prepareSession();
    const instance = await untilAborted(finding, signal);
    return await proxyTo(instance, { host, target, work }, context);
  } finally {
    work.remove();
    await sweeping;
  }
}

interface ProxyRequest extends ProxyArguments {
  readonly host: { readonly name: string; readonly files: HostFiles };
  readonly work: WorkDirectory;
}

async function proxyTo(
  instance: Instance,
  { host, target, work }: ProxyRequest,
  context: CommandContext,
): Promise<number> {
  const knownHosts = openKnownHosts(context);
  const ofHost = new KnownHosts(host.files.knownHostsFile);
  const keyPair = hostKeyPair(host.files.identityFile, context.process.userId);
  const ending = new AbortController();
  const needs = { ...context, signal: ending.signal };
  const opening = openSshSession({ instance, rebootPolicy: "never", work, knownHosts }, needs).then((session) => {
    // ssh looks up the host by its name in the block, whichever instance bears it now; it does so once sshd has spoken.
    ofHost.holdOnly(host.name, knownHosts.keyOf(instance.instanceId));
    return session;
  });
  const osUser = target.osUser ?? defaultOsUser(context.settings);
  const authorization = keyAuthorization(instance, osUser, keyPair, context);
  const watch = new LoginWatch();
  try {
    return await carryUntilEnd({ opening, authorization, watch, ending }, context);
  } finally {
    keepAccepted(ofHost.keyOf(host.name), instance, knownHosts);
    if (hasEndedByItself(context.signal))
      await explainLogin({ stage: watch.stage, instance, osUser, knownHosts }, context);
  }
}

/** ssh hangs up on its ProxyCommand when it is done; any other signal is a person's. */
function hasEndedByItself({ aborted, reason }: AbortSignal): boolean {
  return !aborted || (reason instanceof Interruption && reason.isHangUp);
}

/** What ssh has accepted under the block's name is the instance's own. */
function keepAccepted(base64: string | undefined, { instanceId }: Instance, knownHosts: KnownHosts): void {
  if (base64 !== undefined && knownHosts.keyOf(instanceId) === undefined) knownHosts.add(instanceId, base64);
}

interface Connection {
  readonly opening: Promise<OpenSession>;
  readonly authorization: KeyAuthorization;
  readonly watch: LoginWatch;
  /** Aborted when nobody needs the session any more, open or not. */
  readonly ending: AbortController;
}

async function carryUntilEnd(connection: Connection, context: CommandContext): Promise<number> {
  const { standardStreams, clock, signal, reporter } = context;
  const { input: fromSsh, output: toSsh } = standardStreams;
  const { opening, authorization, watch, ending } = connection;
  try {
    const { stream } = await untilAborted(opening, signal);
    const sshIsGone = Promise.race([
      finished(fromSsh, { writable: false }).catch(() => undefined),
      finished(toSsh, { readable: false }).catch(() => undefined),
    ]);
    const carrying = carrySsh({ fromSsh, toSsh, stream, authorization, watch, clock });
    const end = await untilAborted(Promise.race([carrying, sshIsGone, stream.ended]), signal);
    if (end !== undefined) reporter.warn(`the session has ended: ${end.reason}`);
    return 0;
  } finally {
    ending.abort();
    await opening.then((session) => session.close()).catch(() => undefined);
  }
}
