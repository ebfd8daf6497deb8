// Opens the carriers of a tunnel, one after the other: by ssh or by port sessions, on the instance that there is by then.
import { join } from "node:path";
import { openPortForwarding } from "../../session-manager/index.ts";
import type { BastionTarget } from "../bastion/bastion-target.ts";
import { findBastion } from "../bastion/find-bastion.ts";
import { KeyAuthorization } from "../bastion/key-authorization.ts";
import { openKnownHosts } from "../bastion/known-instances.ts";
import { openSshSession, prepareKeyPair } from "../bastion/log-in.ts";
import { startAndOpen, terminateSession } from "../bastion/open-session.ts";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import type { KeyPair } from "../ssh/key-pair.ts";
import type { Carrier, Destination, OpenCarrier } from "./carrier.ts";
import { chooseOsUser } from "./choose-way.ts";
import { type OpenForwarding, forwardingRequest, openPortCarrier } from "./port-carrier.ts";
import { openSshCarrier } from "./ssh-carrier.ts";
import type { OpenArguments } from "./tunnel-arguments.ts";

export interface CarrierRequest {
  readonly given: Pick<OpenArguments, "documentName" | "keyName" | "osUser" | "rebootPolicy" | "force">;
  readonly via: "ssh" | "port";
  readonly bastion: BastionTarget;
  /** The first carrier's; later ones look again, since a bastion may have been replaced. */
  readonly instance: Instance;
  readonly destinations: readonly Destination[];
  readonly work: WorkDirectory;
}

/** What opens the first carrier, and each that follows. */
export function carrierOpener(request: CarrierRequest, context: CommandContext): OpenCarrier {
  const keyPair = request.via === "ssh" ? prepareKeyPair(request.given, request.work, context) : undefined;
  let count = 0;
  return async (signal) => {
    count += 1;
    const isFirst = count === 1;
    const instance = isFirst
      ? request.instance
      : await findBastion(request.bastion, { ...context, terminal: undefined });
    // Nobody is asked about a reboot hours later, in the middle of something else.
    const rebootPolicy = isFirst || request.given.rebootPolicy !== "ask" ? request.given.rebootPolicy : "never";
    const opening = { ...request, instance, given: { ...request.given, rebootPolicy } };
    const directory = join(request.work.path, String(count));
    if (keyPair === undefined) return openPorts(opening, { ...context, signal });
    return openSsh({ ...opening, keyPair, directory }, { ...context, signal });
  };
}

interface SshOpening extends CarrierRequest {
  readonly keyPair: KeyPair;
  readonly directory: string;
}

function openSsh(opening: SshOpening, context: CommandContext): Promise<Carrier> {
  const { instance, given, bastion, destinations, keyPair, directory, work } = opening;
  const { rebootPolicy, force } = given;
  const { instanceId } = instance;
  const osUser = chooseOsUser(given, bastion, { destinations, settings: context.settings });
  const knownHosts = openKnownHosts(context);
  return openSshCarrier(
    {
      destinations,
      directory,
      connection: { instanceId, osUser, keyPair, knownHosts },
      authorization: new KeyAuthorization(() => authorize(opening, osUser, context), context.clock),
      openSession: (signal) =>
        openSshSession({ instance, rebootPolicy, force, work, knownHosts }, { ...context, signal }),
    },
    context,
  );
}

/** @throws UserError (77) that names the way that takes no key */
async function authorize(
  { instance, keyPair }: Pick<SshOpening, "instance" | "keyPair">,
  osUser: string,
  { aws }: CommandContext,
): Promise<void> {
  try {
    await aws.sendSshPublicKey({ ...instance, osUser, publicKey: keyPair.publicKey });
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== ExitCode.Denied) throw error;
    const { message, exitCode } = error;
    throw new UserError(message, { hint: `--via port needs no key\n${error.hint}`, exitCode, cause: error });
  }
}

function openPorts({ instance, given, destinations, work }: CarrierRequest, context: CommandContext): Promise<Carrier> {
  const { instanceId } = instance;
  const { rebootPolicy, force, documentName } = given;
  const recordSession: WorkDirectory["recordSession"] = (session) => {
    work.recordSession(session);
  };
  const open = async (destination: Destination): Promise<OpenForwarding> => {
    const session = { instanceId, ...forwardingRequest(destination, documentName) };
    const needs = { ...context, recordSession };
    const { sessionId, opened } = await startAndOpen(
      { instance, session, rebootPolicy, force },
      openPortForwarding,
      needs,
    );
    return {
      forwarding: opened,
      async close() {
        await opened.close();
        await terminateSession(sessionId, context);
      },
    };
  };
  return openPortCarrier(destinations.map((destination) => () => open(destination)));
}
