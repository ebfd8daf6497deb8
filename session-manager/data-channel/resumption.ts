// A new connection for a session whose connection was lost.
import { randomInt } from "node:crypto";
import { sleep } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { ConnectionError } from "./connection-error.ts";
import type { SessionTicket } from "./session-ticket.ts";

/** Waits before the attempts after the first, which is made at once: doubling, about 100 s in all. */
export const RESUME_DELAYS_MS: readonly number[] = [
  250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000,
];

/** Part of each wait that is left to chance, so that many clients do not come back at the same moment. */
const JITTER = 0.25;

/**
 * Asks the control plane to let a session go on (ResumeSession).
 *
 * Resolves with a new ticket, or with undefined when the session is over; rejects when asking again may help.
 */
export type ResumeSession = (sessionId: string) => Promise<SessionTicket | undefined>;

/** What it takes to come back. */
export interface ResumptionOptions {
  readonly sessionId: string;
  readonly resume: ResumeSession;
  /** Opens a connection and puts it to use. */
  readonly connect: (ticket: SessionTicket) => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Attempts that were made since anything was last heard from the service: their waits are not had again. */
  readonly attemptsInVain: number;
  readonly onAttempt: () => void;
  /** How the last connection was lost. */
  readonly cause: ConnectionError;
}

/**
 * Resolves when a new connection for the same session is in use.
 *
 * @throws ConnectionError with the code RESUME_REFUSED or RESUME_BUDGET_SPENT; the signal's reason when aborted
 */
export async function resumeConnection(options: ResumptionOptions): Promise<void> {
  let lastError: unknown = options.cause;
  for (const delayMs of [0, ...RESUME_DELAYS_MS].slice(options.attemptsInVain)) {
    await sleep(withJitter(delayMs), options.clock, options.signal);
    options.onAttempt();
    try {
      await attempt(options);
      return;
    } catch (error) {
      if (options.signal.aborted || (error instanceof ConnectionError && error.code === "RESUME_REFUSED")) throw error;
      lastError = error;
    }
  }
  throw new ConnectionError("RESUME_BUDGET_SPENT", "cannot resume session: 100 s of attempts were in vain", {
    cause: lastError,
  });
}

async function attempt({ sessionId, resume, connect, signal }: ResumptionOptions): Promise<void> {
  const ticket = await resume(sessionId);
  signal.throwIfAborted();
  if (ticket === undefined) throw new ConnectionError("RESUME_REFUSED", "cannot resume session: it is over");
  await connect(ticket);
}

function withJitter(delayMs: number): number {
  const spread = Math.round(delayMs * JITTER);
  return spread === 0 ? delayMs : delayMs + randomInt(-spread, spread + 1);
}
