// Sessions and their tokens.
import { describe, expect, it, jest } from "@jest/globals";
import { Sessions } from "../../../sandbox/services/sessions.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const request = {
  target: "i-0123456789abcdef0",
  documentName: "AWS-StartSSHSession",
  parameters: { portNumber: ["22"] },
  owner: "arn:aws:sts::123456789012:assumed-role/operators/ada@example.org",
  ownerUserId: "AROAEXAMPLE:ada@example.org",
};

describe("Sessions.start()", () => {
  it("names the session after the caller's role session", () => {
    const { session } = new Sessions(new FakeClock()).start(request);
    expect(session.sessionId).toMatch(/^ada@example\.org-[0-9a-f]{17}$/);
  });

  it("names the session after an IAM user without its path", () => {
    const owner = "arn:aws:iam::123456789012:user/team/grace";
    const { session } = new Sessions(new FakeClock()).start({ ...request, owner });
    expect(session.sessionId).toMatch(/^grace-[0-9a-f]{17}$/);
  });

  it("dates the session by the clock", () => {
    const { session } = new Sessions(new FakeClock(42_000)).start(request);
    expect(session.startDateMs).toBe(42_000);
  });
});

describe("Sessions.redeem()", () => {
  it("opens a session once with its token", () => {
    const sessions = new Sessions(new FakeClock());
    const { session, tokenValue } = sessions.start(request);
    expect(sessions.redeem(session.sessionId, tokenValue)).toEqual(session);
    expect(sessions.redeem(session.sessionId, tokenValue)).toBeUndefined();
  });

  it("refuses another session's token", () => {
    const sessions = new Sessions(new FakeClock());
    const { session } = sessions.start(request);
    const { tokenValue } = sessions.start(request);
    expect(sessions.redeem(session.sessionId, tokenValue)).toBeUndefined();
  });

  it("refuses the token of a session that has ended", () => {
    const sessions = new Sessions(new FakeClock());
    const { session, tokenValue } = sessions.start(request);
    sessions.end(session.sessionId, "over");
    expect(sessions.redeem(session.sessionId, tokenValue)).toBeUndefined();
  });
});

describe("Sessions.issueToken()", () => {
  it("voids the token before", () => {
    const sessions = new Sessions(new FakeClock());
    const { session, tokenValue: first } = sessions.start(request);
    const second = sessions.issueToken(session.sessionId) ?? "";
    expect(sessions.redeem(session.sessionId, first)).toBeUndefined();
    expect(sessions.redeem(session.sessionId, second)).toEqual(session);
  });

  it("gives none for a session that has ended", () => {
    const sessions = new Sessions(new FakeClock());
    const { session } = sessions.start(request);
    sessions.end(session.sessionId, "over");
    expect(sessions.issueToken(session.sessionId)).toBeUndefined();
  });
});

describe("Sessions.end()", () => {
  it("tells each listener once, however often it is called", () => {
    const sessions = new Sessions(new FakeClock());
    const listener = jest.fn();
    sessions.onEnded(listener);
    const { session } = sessions.start(request);
    sessions.end(session.sessionId, "idle");
    sessions.end(session.sessionId, "again");
    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalledWith(expect.objectContaining({ status: "Terminated", endReason: "idle" }), "idle");
  });

  it("keeps the session for the history", () => {
    const sessions = new Sessions(new FakeClock(1_000));
    const { session } = sessions.start(request);
    sessions.end(session.sessionId, "over");
    expect(sessions.list()).toEqual([{ ...session, status: "Terminated", endDateMs: 1_000, endReason: "over" }]);
  });

  it("forgets the oldest of more than 1,000 that have ended, and none that has not", () => {
    const sessions = new Sessions(new FakeClock());
    const { session: open } = sessions.start(request);
    for (let count = 0; count < 1_001; count += 1) sessions.end(sessions.start(request).session.sessionId, "over");
    expect(sessions.list()).toHaveLength(1_001);
    expect(sessions.find(open.sessionId)).toEqual(open);
  });
});

describe("Sessions.endAll()", () => {
  it("ends the sessions of one instance and leaves the others", () => {
    const sessions = new Sessions(new FakeClock());
    const { session: ended } = sessions.start(request);
    const { session: other } = sessions.start({ ...request, target: "i-0fedcba9876543210" });
    sessions.endAll(request.target, "rebooted");
    expect(sessions.find(ended.sessionId)?.status).toBe("Terminated");
    expect(sessions.find(other.sessionId)?.status).toBe("Connected");
  });
});
