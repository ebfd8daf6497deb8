// What use cases need to know of who has reached which instance; all text in it is foreign.

/** The calls by which somebody reaches an instance. */
export const ACCESS_CALLS = ["StartSession", "ResumeSession", "TerminateSession", "SendSSHPublicKey"] as const;

export type AccessCall = (typeof ACCESS_CALLS)[number];

/** One of these calls, as CloudTrail has recorded it. */
export interface RecordedCall {
  readonly call: AccessCall;
  /** Milliseconds since 1970 UTC. */
  readonly timeMs: number;
  /** ARN of the user, or of the role's session. */
  readonly caller: string;
  /** Address, or the name of the service of AWS that called. */
  readonly sourceAddress: string;
  /** AWS's name for why it was refused; undefined where the call succeeded. */
  readonly refusal: string | undefined;
  /** Instance id, or what else a session can lead to. CloudTrail may leave parameters out of a call that was refused. */
  readonly target: string | undefined;
  readonly sessionId: string | undefined;
  readonly documentName: string | undefined;
  readonly reason: string | undefined;
  readonly osUser: string | undefined;
  /** One line as in `authorized_keys`. */
  readonly publicKey: string | undefined;
}

/** A session as Session Manager remembers it, for 30 days. */
export interface RememberedSession {
  readonly sessionId: string;
  readonly target: string;
  /** ARN. */
  readonly owner: string;
  /** Milliseconds since 1970 UTC. */
  readonly startMs: number;
  /** Undefined while it lasts. */
  readonly endMs: number | undefined;
  readonly documentName: string;
  readonly reason: string | undefined;
}

/** Needs that CloudTrail and Session Manager meet. */
export interface AuditPorts {
  /** Everybody's calls since then, refused ones too, in no order. CloudTrail keeps 90 days, and is some minutes late. */
  recordedCalls(sinceMs: number, signal: AbortSignal): Promise<RecordedCall[]>;
  /** Everybody's sessions that have begun since then, those that last among them, in no order. */
  rememberedSessions(sinceMs: number): Promise<RememberedSession[]>;
}
