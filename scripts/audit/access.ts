// Joins CloudTrail's calls and Session Manager's sessions into what has happened, one entry after the other.
import { createHash } from "node:crypto";
import type { AccessCall, RecordedCall, RememberedSession } from "../command/audit-ports.ts";

/** Something that somebody did, or was not let do. What is not known is null. */
export interface Access {
  /** ISO 8601. */
  readonly time: string;
  readonly call: AccessCall;
  /** ARN of the user, or of the role's session. */
  readonly who: string;
  readonly instanceId: string | null;
  /** Null until CloudTrail tells of the call. */
  readonly from: string | null;
  /** AWS's name for why it was refused. */
  readonly refusal: string | null;
  readonly sessionId: string | null;
  readonly document: string | null;
  readonly reason: string | null;
  readonly osUser: string | null;
  /** As sshd logs it: `SHA256:…`. */
  readonly keyFingerprint: string | null;
  /** When the session ended, where that is known. */
  readonly end: string | null;
  /** How long the session lasted, or has lasted so far. */
  readonly durationSeconds: number | null;
  readonly isOpen: boolean;
}

interface Records {
  readonly calls: readonly RecordedCall[];
  readonly sessions: readonly RememberedSession[];
  readonly nowMs: number;
}

/**
 * Everything, the oldest first.
 *
 * Who resumes or ends a session of their own, or comes too late for it, does nothing new: that shows in the session's
 * length. Anybody else has an entry of their own, and so has whom IAM refused.
 */
export function joinAccess(records: Records): Access[] {
  const known = new Map(records.sessions.map((session) => [session.sessionId, session]));
  const starts = records.calls.filter(({ call, refusal }) => call === "StartSession" && refusal === undefined);
  const started = new Map(starts.map((start) => [start.sessionId, start]));
  const ownerOf = (sessionId = ""): string | undefined => known.get(sessionId)?.owner ?? started.get(sessionId)?.caller;
  const told = records.calls.filter(
    ({ call, caller, refusal, sessionId }) =>
      call === "StartSession" || call === "SendSSHPublicKey" || isDenied(refusal) || caller !== ownerOf(sessionId),
  );
  const untold = records.sessions.filter(({ sessionId }) => !started.has(sessionId));
  const accesses = [
    ...told.map((call) => {
      const session = known.get(call.sessionId ?? "");
      const target = call.target ?? session?.target ?? started.get(call.sessionId)?.target;
      return { ...accessOf({ ...call, target }), ...(isStart(call) ? courseOf(call, session, records) : {}) };
    }),
    ...untold.map((session) => ({ ...accessOfSession(session), ...courseFrom(session, records.nowMs) })),
  ];
  return accesses.sort((one, other) => one.time.localeCompare(other.time));
}

/** IAM's refusal has a name in each service: `AccessDenied`, `AccessDeniedException`. */
const isDenied = (refusal: string | undefined): boolean => refusal?.startsWith("AccessDenied") === true;

const isStart = ({ call, refusal }: RecordedCall): boolean => call === "StartSession" && refusal === undefined;

type Course = Pick<Access, "end" | "durationSeconds" | "isOpen"> & Partial<Pick<Access, "document" | "reason">>;

/** Session Manager forgets after 30 days; then the call that ended the session is all there is. */
function courseOf(start: RecordedCall, session: RememberedSession | undefined, { calls, nowMs }: Records): Course {
  if (session !== undefined) return courseFrom(session, nowMs);
  const ends = calls.filter(
    ({ call, sessionId, refusal }) =>
      call === "TerminateSession" && sessionId === start.sessionId && refusal === undefined,
  );
  const endMs = ends.length === 0 ? undefined : Math.min(...ends.map(({ timeMs }) => timeMs));
  return endMs === undefined ? NO_COURSE : course(start.timeMs, endMs, false);
}

function courseFrom({ startMs, endMs, documentName, reason }: RememberedSession, nowMs: number): Course {
  const lasted = course(startMs, endMs ?? nowMs, endMs === undefined);
  return { ...lasted, document: documentName, reason: reason ?? null };
}

const NO_COURSE = { end: null, durationSeconds: null, isOpen: false } as const;

function course(startMs: number, endMs: number, isOpen: boolean): Course {
  return {
    end: isOpen ? null : isoTime(endMs),
    durationSeconds: Math.max(0, Math.round((endMs - startMs) / 1_000)),
    isOpen,
  };
}

function accessOf(call: RecordedCall): Access {
  return {
    time: isoTime(call.timeMs),
    call: call.call,
    who: call.caller,
    instanceId: call.target ?? null,
    from: call.sourceAddress,
    refusal: call.refusal ?? null,
    sessionId: call.sessionId ?? null,
    document: call.documentName ?? null,
    reason: call.reason ?? null,
    osUser: call.osUser ?? null,
    keyFingerprint: call.publicKey === undefined ? null : fingerprintOf(call.publicKey),
    ...NO_COURSE,
  };
}

/** Of a session that CloudTrail does not know, or not yet. */
function accessOfSession({ sessionId, target, owner, startMs }: RememberedSession): Access {
  return {
    time: isoTime(startMs),
    call: "StartSession",
    who: owner,
    instanceId: target,
    from: null,
    refusal: null,
    sessionId,
    document: null,
    reason: null,
    osUser: null,
    keyFingerprint: null,
    ...NO_COURSE,
  };
}

/** Of the key's blob, as `ssh-keygen -l` shows it. */
function fingerprintOf(publicKey: string): string | null {
  const base64 = publicKey.trim().split(/\s+/)[1];
  if (base64 === undefined) return null;
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}
