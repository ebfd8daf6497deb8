// What CloudTrail's calls and Session Manager's sessions say together, and how a person reads it.
import { describe, expect, it } from "@jest/globals";
import { joinAccess, type Access } from "../../../scripts/audit/access.ts";
import { tableOf } from "../../../scripts/audit/access-table.ts";
import type { RecordedCall, RememberedSession } from "../../../scripts/command/audit-ports.ts";

const ADA = "arn:aws:iam::123456789012:user/ada";
const EVE = "arn:aws:sts::123456789012:assumed-role/Operator/eve";
const START = Date.parse("2026-11-27T08:00:00Z");
const NOW = START + 3_600_000;

function call(change: Partial<RecordedCall> = {}): RecordedCall {
  return {
    call: "StartSession",
    timeMs: START,
    caller: ADA,
    sourceAddress: "198.51.100.7",
    refusal: undefined,
    target: "i-1",
    sessionId: "ada-1",
    documentName: undefined,
    reason: undefined,
    osUser: undefined,
    publicKey: undefined,
    ...change,
  };
}

function session(change: Partial<RememberedSession> = {}): RememberedSession {
  return {
    sessionId: "ada-1",
    target: "i-1",
    owner: ADA,
    startMs: START,
    endMs: START + 723_000,
    documentName: "AWS-StartSSHSession",
    reason: "ticket 7",
    ...change,
  };
}

const join = (calls: RecordedCall[], sessions: RememberedSession[] = []): Access[] =>
  joinAccess({ calls, sessions, nowMs: NOW });

describe("a session", () => {
  it("is one entry, with address from one record and length from the other", () => {
    const ending = call({ call: "TerminateSession", timeMs: START + 723_000, target: undefined });
    expect(join([call(), ending], [session()])).toEqual([
      {
        time: "2026-11-27T08:00:00Z",
        call: "StartSession",
        who: ADA,
        instanceId: "i-1",
        from: "198.51.100.7",
        refusal: null,
        sessionId: "ada-1",
        document: "AWS-StartSSHSession",
        reason: "ticket 7",
        osUser: null,
        keyFingerprint: null,
        end: "2026-11-27T08:12:03Z",
        durationSeconds: 723,
        isOpen: false,
      },
    ]);
  });

  it("that lasts has its length so far, and no end", () => {
    expect(join([call()], [session({ endMs: undefined })])).toEqual([
      expect.objectContaining({ end: null, durationSeconds: 3_600, isOpen: true }),
    ]);
  });

  it("that CloudTrail does not know yet has no address", () => {
    expect(join([], [session()])).toEqual([
      expect.objectContaining({ who: ADA, from: null, instanceId: "i-1", durationSeconds: 723 }),
    ]);
  });

  it("that Session Manager has forgotten ends when the first call ended it", () => {
    const end = (afterMs: number, refusal?: string): RecordedCall =>
      call({ call: "TerminateSession", timeMs: START + afterMs, refusal, target: undefined });
    const [start] = join([end(90_000), call(), end(60_000), end(30_000, "AccessDenied")]);
    expect(start).toMatchObject({ call: "StartSession", end: "2026-11-27T08:01:00Z", durationSeconds: 60 });
  });

  it("of which nobody knows the end has none", () => {
    expect(join([call()])).toEqual([expect.objectContaining({ end: null, durationSeconds: null, isOpen: false })]);
  });

  it.each(["ResumeSession", "TerminateSession"] as const)(
    "has an entry of %s only where it was somebody else's",
    (name) => {
      const later = { call: name, timeMs: START + 1_000, target: undefined } as const;
      expect(join([call(), call(later)], [session()])).toHaveLength(1);
      expect(join([call(), call({ ...later, caller: EVE })], [session()])).toEqual([
        expect.anything(),
        expect.objectContaining({ call: name, who: EVE, instanceId: "i-1", sessionId: "ada-1" }),
      ]);
      expect(join([call(later)])).toEqual([expect.objectContaining({ call: name, instanceId: null })]);
    },
  );
});

describe("a refused call", () => {
  it("has an entry with its error, and begins no session", () => {
    const refused = call({ refusal: "AccessDenied", sessionId: undefined });
    expect(join([refused])).toEqual([expect.objectContaining({ refusal: "AccessDenied", durationSeconds: null })]);
  });

  it("has none where the session of one's own was over before it was to be ended", () => {
    const late = call({ call: "TerminateSession", refusal: "ValidationException", timeMs: START + 1 });
    expect(join([call(), late], [session()])).toHaveLength(1);
  });

  it("has one also where it was about a session of one's own", () => {
    const refused = call({ call: "ResumeSession", refusal: "AccessDenied", timeMs: START + 1 });
    expect(join([call(), refused], [session()])).toHaveLength(2);
  });
});

describe("a key", () => {
  it("has the fingerprint that ssh-keygen shows", () => {
    const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHM5Vv5QKLxTl3PTwAfC1GQTvnqpvoVsrLxPMjgUWgP ada@laptop";
    const sent = call({ call: "SendSSHPublicKey", osUser: "ec2-user", publicKey, sessionId: undefined });
    const [entry] = join([sent]);
    expect(entry).toMatchObject({ osUser: "ec2-user", durationSeconds: null });
    expect(entry?.keyFingerprint).toBe("SHA256:S7sidHUK6xtenOnMNSYr5WKZ04lJlGGzf018TfISkRo");
  });
});

describe("the table", () => {
  it("is empty where there is nothing to tell", () => {
    expect(tableOf([])).toEqual([]);
  });

  it("has a line for each, in columns, and nothing that a terminal obeys", () => {
    const entries = join(
      [
        call(),
        call({ call: "SendSSHPublicKey", timeMs: START + 1_000, osUser: "ec2-user", sessionId: undefined }),
        call({
          timeMs: START + 2_000,
          caller: EVE,
          refusal: "AccessDenied",
          target: "i-\u001b[2J",
          sessionId: undefined,
        }),
        call({ call: "TerminateSession", timeMs: START + 3_000, caller: EVE }),
      ],
      [session({ endMs: undefined })],
    );
    expect(tableOf(entries)).toEqual([
      "TIME (UTC)           WHO                        WHAT                                INSTANCE     FROM          HOW LONG",
      "2026-11-27 08:00:00  user/ada                   session, AWS-StartSSHSession        i-1          198.51.100.7  1 h 0 min, open",
      "2026-11-27 08:00:01  user/ada                   key for ec2-user                    i-1          198.51.100.7",
      "2026-11-27 08:00:02  assumed-role/Operator/eve  REFUSED StartSession: AccessDenied  i-\\u001b[2J  198.51.100.7",
      "2026-11-27 08:00:03  assumed-role/Operator/eve  ended ada-1                         i-1          198.51.100.7",
    ]);
  });

  it.each([
    [0, "0 s"],
    [59, "59 s"],
    [60, "1 min 0 s"],
    [3_725, "1 h 2 min"],
    [360_000, "100 h 0 min"],
  ])("says %i seconds as %s", (seconds, words) => {
    const entries = join([], [session({ endMs: START + seconds * 1_000 })]);
    expect(tableOf(entries)[1]?.endsWith(`?  ${" ".repeat(3)}${words}`)).toBe(true);
  });
});
