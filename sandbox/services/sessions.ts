// Session Manager's sessions: which there are, whose they are, and the tokens that open their data channels.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../session-manager/clock.ts";
import type { SessionPreferences } from "./session-preferences.ts";

/** What a caller asks for with StartSession, after the service has checked it. */
export interface SessionRequest {
  /** Instance id. */
  readonly target: string;
  readonly documentName: string;
  /** AWS's document that says what the agent does, where the one that was named is the account's own. */
  readonly agentDocumentName?: string;
  /** As StartSession takes them: each value is a list, numbers are strings. */
  readonly parameters: Record<string, string[]>;
  /** Shown by DescribeSessions. */
  readonly reason?: string;
  /** What the account's preferences said when the session was started. */
  readonly preferences?: SessionPreferences;
  /** ARN of the caller. */
  readonly owner: string;
  /** The caller's `aws:userid`, by which policies tell the caller's own sessions from others'. */
  readonly ownerUserId: string;
}

export interface Session extends SessionRequest {
  readonly sessionId: string;
  readonly startDateMs: number;
  readonly status: "Connected" | "Terminated";
  /** Set once the session has ended. */
  readonly endDateMs?: number;
  /** Why it ended; the text that channel_closed carries. */
  readonly endReason?: string;
}

interface Entry {
  session: Session;
  tokenDigest: Buffer | undefined;
}

type EndListener = (session: Session, reason: string) => void;

/** Ended sessions that DescribeSessions still tells of; the oldest are forgotten first. */
const MAX_HISTORY = 1_000;
const TOKEN_BYTES = 240;

/** Keeps every session of one sandbox. Nothing here knows a socket: whoever holds one listens with `onEnded`. */
export class Sessions {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<EndListener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a session; the token opens its data channel, once. */
  start(request: SessionRequest): { session: Session; tokenValue: string } {
    const session: Session = {
      ...request,
      sessionId: `${callerName(request.owner)}-${randomBytes(9).toString("hex").slice(0, 17)}`,
      startDateMs: this.#clock.now(),
      status: "Connected",
    };
    this.#entries.set(session.sessionId, { session, tokenDigest: undefined });
    return { session, tokenValue: this.#newToken(session.sessionId) };
  }

  /** A new token for a session that has not ended, which voids the one before; undefined if there is no such session. */
  issueToken(sessionId: string): string | undefined {
    return this.#connected(sessionId) === undefined ? undefined : this.#newToken(sessionId);
  }

  /** The session that this token opens, at its first use only. */
  redeem(sessionId: string, tokenValue: string): Session | undefined {
    const entry = this.#connected(sessionId);
    if (entry?.tokenDigest === undefined || !timingSafeEqual(entry.tokenDigest, digest(tokenValue))) return undefined;
    entry.tokenDigest = undefined;
    return entry.session;
  }

  find(sessionId: string): Session | undefined {
    return this.#entries.get(sessionId)?.session;
  }

  /** Every session that is known, the oldest first. */
  list(): readonly Session[] {
    return [...this.#entries.values()].map((entry) => entry.session);
  }

  /** Ends a session, if it has not ended, and tells every listener. */
  end(sessionId: string, reason: string): void {
    const entry = this.#connected(sessionId);
    if (entry === undefined) return;
    entry.tokenDigest = undefined;
    entry.session = { ...entry.session, status: "Terminated", endDateMs: this.#clock.now(), endReason: reason };
    this.#forgetOldest();
    for (const listener of [...this.#listeners]) listener(entry.session, reason);
  }

  /** Ends every session with this instance. */
  endAll(target: string, reason: string): void {
    for (const session of this.list()) if (session.target === target) this.end(session.sessionId, reason);
  }

  /** @returns a function that takes the listener off again */
  onEnded(listener: EndListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #connected(sessionId: string): Entry | undefined {
    const entry = this.#entries.get(sessionId);
    return entry?.session.status === "Connected" ? entry : undefined;
  }

  #newToken(sessionId: string): string {
    const tokenValue = randomBytes(TOKEN_BYTES).toString("base64");
    const entry = this.#entries.get(sessionId);
    if (entry !== undefined) entry.tokenDigest = digest(tokenValue);
    return tokenValue;
  }

  #forgetOldest(): void {
    const ended = this.list().filter((session) => session.status === "Terminated");
    for (const session of ended.slice(0, Math.max(0, ended.length - MAX_HISTORY)))
      this.#entries.delete(session.sessionId);
  }
}

/** The name that AWS puts before a session id: the IAM user's, or the role session's. */
function callerName(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf("/"), arn.lastIndexOf(":")) + 1);
}

function digest(tokenValue: string): Buffer {
  return createHash("sha256").update(tokenValue).digest();
}
