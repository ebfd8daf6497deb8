// Carries one ssh connection to a bastion between stdin and stdout.
import { finished } from "node:stream/promises";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ensurePrivateDirectory } from "../platform/private-directories.ts";
import { hostFiles } from "../ssh/host-files.ts";
import { hostKeyPair } from "../ssh/key-pair.ts";
import { carrySsh } from "./carry-ssh.ts";
import { findBastion } from "./find-bastion.ts";
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
  const { directories, process, settings, aws, signal } = context;
  const files = hostFiles(directories.state, target.word);
  ensurePrivateDirectory(files.directory, process.userId);
  const keyPair = hostKeyPair(files.identityFile, process.userId);
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  const ending = new AbortController();
  try {
    const finding = findBastion(target, context);
    aws.prepareSession();
    const instance = await untilAborted(finding, signal);
    const opening = openSshSession({ instance, rebootPolicy: "never", work }, { ...context, signal: ending.signal });
    const authorization = keyAuthorization(instance, target.osUser ?? defaultOsUser(settings), keyPair, context);
    return await carryUntilEnd({ opening, authorization, ending }, context);
  } finally {
    work.remove();
    await sweeping;
  }
}

interface Connection {
  readonly opening: Promise<OpenSession>;
  readonly authorization: ReturnType<typeof keyAuthorization>;
  /** Aborted when nobody needs the session any more, open or not. */
  readonly ending: AbortController;
}

async function carryUntilEnd(connection: Connection, context: CommandContext): Promise<number> {
  const { standardStreams, clock, signal, reporter } = context;
  const { input: fromSsh, output: toSsh } = standardStreams;
  const { opening, authorization, ending } = connection;
  try {
    const { stream } = await untilAborted(opening, signal);
    const sshIsGone = Promise.race([
      finished(fromSsh, { writable: false }).catch(() => undefined),
      finished(toSsh, { readable: false }).catch(() => undefined),
    ]);
    const carrying = carrySsh({ fromSsh, toSsh, stream, authorization, clock });
    const end = await untilAborted(Promise.race([carrying, sshIsGone, stream.ended]), signal);
    if (end !== undefined) reporter.warn(`the session has ended: ${end.reason}`);
    return 0;
  } finally {
    ending.abort();
    await opening.then((session) => session.close()).catch(() => undefined);
  }
}
