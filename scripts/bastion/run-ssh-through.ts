// Runs ssh through a session that is still being opened, and sees to it that neither outlives the other.
import type { Readable } from "node:stream";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { StandardStream } from "../../session-manager/index.ts";
import type { Reporter } from "../command/reporter.ts";
import { untilAborted } from "../command/until-aborted.ts";
import type { JoinPoint } from "../ssh/join-point.ts";
import type { RunningSsh } from "../ssh/launch-ssh.ts";
import { type LoginStage, LoginWatch } from "../ssh/login-watch.ts";
import { carrySsh } from "./carry-ssh.ts";
import type { KeyAuthorization } from "./key-authorization.ts";
import type { OpenSession } from "./open-session.ts";

/** ssh's own failure: it could not connect, or lost its connection. Other statuses are the remote command's. */
const SSH_FAILED = 255;

export interface SshThroughSession {
  readonly joinPoint: JoinPoint;
  readonly opening: Promise<OpenSession>;
  /** Aborted when nobody needs the session any more, open or not. */
  readonly ending: AbortController;
  readonly ssh: RunningSsh;
  readonly authorization: KeyAuthorization;
}

export interface SshOutcome {
  /** ssh's own. */
  readonly exitCode: number;
  /** How far its login came, when ssh failed and the session is not to blame. */
  readonly failedAt: LoginStage | undefined;
  /** How long ago the key was authorized when ssh ended; undefined when it was not. */
  readonly sinceAuthorizedMs?: number | undefined;
}

export interface RunNeeds {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "warn">;
}

/**
 * Runs ssh to its end.
 *
 * On every way out ssh ends first: it would have its own words about a connection that goes away, and the person should
 * read ours.
 *
 * @throws what opening the session or authorizing the key met, or the signal's reason
 */
export async function runSshThrough(parts: SshThroughSession, needs: RunNeeds): Promise<SshOutcome> {
  const { signal, reporter } = needs;
  const { joinPoint, opening, ending, ssh } = parts;
  const failed = failureOf(opening);
  const joined = new Joined();
  try {
    const carrying = joined.carry(parts, needs.clock);
    const exitCode = await untilAborted(Promise.race([ssh.exitCode, failed, carrying]), signal);
    if (exitCode !== SSH_FAILED) return { exitCode, failedAt: undefined };
    await joined.lastWords(needs.clock);
    if (joined.lostSession === undefined) {
      return { exitCode, failedAt: joined.watch.stage, sinceAuthorizedMs: parts.authorization.ageMs };
    }
    await explainLoss(joined.lostSession, reporter);
    return { exitCode, failedAt: undefined };
  } finally {
    await ssh.stop();
    ending.abort();
    joinPoint.close();
    await opening.then((session) => session.close()).catch(() => undefined);
  }
}

/** Rejects when `work` does; never resolves. */
function failureOf(work: Promise<unknown>): Promise<never> {
  return new Promise((_resolve, reject) => {
    work.catch(reject);
  });
}

async function explainLoss(stream: StandardStream, reporter: Pick<Reporter, "warn">): Promise<void> {
  const { reason } = await stream.ended;
  reporter.warn(`the session has ended: ${reason}`);
  reporter.warn("what ran in the foreground there has ended with it; run the command again for a new session");
}

/** What ssh had written when it ended is read within this, on any computer that still answers. */
const LAST_WORDS_LIMIT_MS = 1_000;

/** ssh and the session's stream, joined. */
class Joined {
  readonly watch = new LoginWatch();
  #ended: AbortController | undefined;
  /** The stream, if it ended before ssh did. */
  lostSession: StandardStream | undefined;

  /** Carries bytes both ways. Rejects when the key cannot be authorized; never resolves. */
  async carry({ joinPoint, opening, authorization }: SshThroughSession, clock: Clock): Promise<never> {
    const { fromSsh, toSsh } = joinPoint;
    const { stream } = await opening;
    this.#ended = this.#noteWhoEndsFirst(fromSsh, stream);
    return carrySsh({ fromSsh, toSsh, stream, authorization, watch: this.watch, clock });
  }

  /** Resolves when all that ssh wrote has been seen: ssh may have ended before it was read. */
  async lastWords(clock: Clock): Promise<void> {
    if (this.#ended !== undefined) await sleep(LAST_WORDS_LIMIT_MS, clock, this.#ended.signal).catch(() => undefined);
  }

  #noteWhoEndsFirst(fromSsh: Readable, stream: StandardStream): AbortController {
    const ended = new AbortController();
    for (const event of ["end", "close"])
      fromSsh.once(event, () => {
        ended.abort();
      });
    void stream.ended.then(() => {
      if (!ended.signal.aborted) this.lostSession = stream;
    });
    return ended;
  }
}
