// Opens the lanes of one run: one key for all, the first with healing, the others beside each other.
import { join } from "node:path";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { keyAuthorization, openSshSession } from "../bastion/log-in.ts";
import { openKnownHosts } from "../bastion/known-instances.ts";
import type { KeyAuthorization } from "../bastion/key-authorization.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import type { KeyPair } from "../ssh/key-pair.ts";
import type { KnownHosts } from "../ssh/known-hosts.ts";
import type { CopyArguments } from "./copy-arguments.ts";
import { Lane } from "./lane.ts";
import { LaneLostError, availableMemory } from "./remote-files.ts";
import type { Lanes } from "./transfer.ts";

export interface SessionLanesRequest extends Pick<CopyArguments, "sessions" | "rebootPolicy" | "force"> {
  readonly instance: Instance;
  readonly osUser: string;
  readonly keyPair: KeyPair;
  readonly work: WorkDirectory;
}

const MEBIBYTE = 1024 * 1024;
/** A session is a worker of the SSM Agent, two processes of sshd, and what reads the file. */
const SESSION_BYTES = 32 * MEBIBYTE;
/** Left to the instance itself. */
const RESERVED_BYTES = 48 * MEBIBYTE;
/** sshd takes ten connections that have not logged in, and then refuses some (MaxStartups). */
const OPENED_AT_ONCE = 8;

/** Sessions to one bastion. */
export class SessionLanes implements Lanes {
  limit: number;
  readonly #request: SessionLanesRequest;
  readonly #context: CommandContext;
  readonly #authorization: KeyAuthorization;
  readonly #knownHosts: KnownHosts;
  readonly #lanes: Lane[] = [];
  #opened = 0;

  constructor(request: SessionLanesRequest, context: CommandContext) {
    const { instance, osUser, keyPair, sessions } = request;
    this.limit = sessions;
    this.#request = request;
    this.#context = context;
    this.#authorization = keyAuthorization(instance, osUser, keyPair, context);
    this.#knownHosts = openKnownHosts(context);
  }

  /**
   * Opens the first, and asks how many more the instance has memory for.
   *
   * @throws UserError for what a person can act on, or the signal's reason
   */
  async begin(): Promise<void> {
    const lane = await this.#open(this.#request.rebootPolicy);
    const memory = await availableMemory(lane);
    const affordable = memory === undefined ? this.limit : 1 + Math.floor((memory - RESERVED_BYTES) / SESSION_BYTES);
    if (affordable >= this.limit) return;
    this.limit = Math.max(1, affordable);
    this.#context.reporter.say(`the instance has memory for ${this.limit} sessions at once`);
  }

  first(): Lane {
    const lane = this.#lanes.find(({ isLost }) => !isLost);
    if (lane === undefined) throw new LaneLostError("all sessions have ended");
    return lane;
  }

  async forParts(parts: number): Promise<readonly Lane[]> {
    const wanted = Math.min(parts, this.limit);
    for (let open = this.#usable().length; open < wanted;) {
      const more = Math.min(OPENED_AT_ONCE, wanted - open);
      const opening = Array.from({ length: more }, () => this.#open("never"));
      const failed = (await Promise.allSettled(opening)).find(({ status }) => status === "rejected");
      this.#context.signal.throwIfAborted();
      if (failed?.status === "rejected") return this.#withFewer(failed.reason);
      open += more;
    }
    return this.#usable().slice(0, Math.max(1, wanted));
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #usable(): readonly Lane[] {
    return this.#lanes.filter(({ isLost }) => !isLost);
  }

  /** Fewer sessions are slower, and no reason to end. */
  #withFewer(reason: unknown): readonly Lane[] {
    const lanes = this.#usable();
    const { reporter } = this.#context;
    reporter.warn(`copying over ${lanes.length} sessions: one more could not be opened: ${messageOf(reason)}`);
    this.limit = Math.max(1, lanes.length);
    return lanes;
  }

  async #open(rebootPolicy: CopyArguments["rebootPolicy"]): Promise<Lane> {
    const { instance, osUser, keyPair, work, force } = this.#request;
    const [knownHosts, context] = [this.#knownHosts, this.#context];
    const lane = await Lane.open(
      {
        directory: join(work.path, String(this.#opened++)),
        connection: { instanceId: instance.instanceId, osUser, keyPair, knownHosts },
        authorization: this.#authorization,
        openSession: (signal) =>
          openSshSession({ instance, rebootPolicy, force, work, knownHosts }, { ...context, signal }),
      },
      context,
    );
    this.#lanes.push(lane);
    return lane;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
