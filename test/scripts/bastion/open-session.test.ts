// That no session is left behind, whatever goes wrong while it is opened.
import { describe, expect, it } from "@jest/globals";
import { PassThrough } from "node:stream";
import { type OpenSessionNeeds, openSession } from "../../../scripts/bastion/open-session.ts";
import type { RecordedSession } from "../../../scripts/platform/work-directory.ts";
import {
  ConnectionError,
  ProtocolError,
  SessionEndedError,
  type SessionOptions,
  type StandardStream,
} from "../../../session-manager/index.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { instanceOf } from "./instance-of.ts";

const ticket = { sessionId: "ann-1", streamUrl: "wss://x", tokenValue: "top secret" };

function world(
  more: { openStream?: (options: SessionOptions) => Promise<StandardStream>; terminate?: () => Promise<void> } = {},
) {
  const events: string[] = [];
  const told: string[] = [];
  const recorded: RecordedSession[] = [];
  const clock = new FakeClock();
  const controller = new AbortController();
  const stream = Object.assign(new PassThrough(), { ended: new Promise(() => undefined) }) as unknown as StandardStream;
  const tell = (text: string): void => void told.push(text);
  const needs: OpenSessionNeeds = {
    aws: {
      region: "eu-west-1",
      profile: "work",
      startSession: ({ instanceId, documentName, parameters }) => {
        events.push(`start ${instanceId} ${documentName} ${JSON.stringify(parameters)}`);
        return Promise.resolve(ticket);
      },
      resumeSession: () => Promise.resolve(undefined),
      terminateSession: (sessionId) => {
        events.push(`terminate ${sessionId}`);
        return more.terminate?.() ?? Promise.resolve();
      },
      signUpgrade: () => Promise.resolve({}),
      connectionStatus: () => Promise.resolve("connected"),
      rebootInstance: () => Promise.resolve(),
      startInstance: () => Promise.resolve(),
      findInstanceById: () => Promise.resolve(undefined),
      activeSessions: () => Promise.resolve([]),
      callerArn: () => Promise.resolve(""),
      readTags: () => Promise.resolve({}),
      addTag: () => Promise.resolve(),
      removeTag: () => Promise.resolve(),
    },
    clock,
    signal: controller.signal,
    reporter: { say: tell, warn: tell, debug: tell, wait: () => () => undefined },
    terminal: undefined,
    openStream: more.openStream ?? (() => Promise.resolve(stream)),
    recordSession: (session) => recorded.push(session),
  };
  const open = () => openSession({ instance: instanceOf(), rebootPolicy: "never" }, needs);
  return { events, told, recorded, clock, controller, stream, open };
}

describe("openSession()", () => {
  it("starts a session to port 22, and records it for the next start to find", async () => {
    const { open, events, recorded } = world();
    await expect(open()).resolves.toMatchObject({ sessionId: "ann-1" });
    expect(events).toEqual(['start i-0123456789abcdef0 AWS-StartSSHSession {"portNumber":["22"]}']);
    expect(recorded).toEqual([{ sessionId: "ann-1", region: "eu-west-1", profile: "work" }]);
  });

  it("ends the session here and at AWS when it is closed", async () => {
    const { open, events, stream } = world();
    await (await open()).close();
    expect([stream.destroyed, events.at(-1)]).toEqual([true, "terminate ann-1"]);
  });

  it("does not mind that the session is over already", async () => {
    const { open } = world({ terminate: () => Promise.reject(new RangeError("no such session")) });
    await expect((await open()).close()).resolves.toBeUndefined();
  });

  it("waits at most 5 s for AWS to end it", async () => {
    const { open, clock } = world({ terminate: () => new Promise(() => undefined) });
    const closed = (await open()).close();
    await clock.advance(5_000);
    await expect(closed).resolves.toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("ends a session that was started while the signal came", async () => {
    const { open, events, controller } = world();
    const opening = open();
    controller.abort(new RangeError("ended"));
    await expect(opening).rejects.toThrow("ended");
    expect(events.at(-1)).toBe("terminate ann-1");
  });

  it.each([
    ["the service cannot be reached", new ConnectionError("CONNECTION_FAILED", "no route"), 69],
    ["the upgrade is denied", new ConnectionError("UPGRADE_REFUSED", "HTTP 403", { statusCode: 403 }), 77],
    ["the agent ends it", new SessionEndedError({ reason: "port refused", by: "agent" }), 69],
  ])("fails, and ends the session, when %s", async (_when, error, exitCode) => {
    const { open, events } = world({ openStream: () => Promise.reject(error) });
    await expect(open()).rejects.toMatchObject({ exitCode, cause: error });
    expect(events.at(-1)).toBe("terminate ann-1");
  });

  it("names the permission that a denied upgrade lacks", async () => {
    const error = new ConnectionError("UPGRADE_REFUSED", "HTTP 403", { statusCode: 403 });
    const { open } = world({ openStream: () => Promise.reject(error) });
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining("ssmmessages:OpenDataChannel") });
  });

  it("passes a breach of the protocol as it is", async () => {
    const error = new ProtocolError("AGENT_MESSAGE_TRUNCATED", "too short");
    const { open } = world({ openStream: () => Promise.reject(error) });
    await expect(open()).rejects.toBe(error);
  });

  it("tells what the agent says, warns once of a lost connection, and never tells the token", async () => {
    const { open, told } = world({
      openStream: ({ onEvent }) => {
        onEvent?.({ type: "customer-message", text: "be careful" });
        for (const attempt of [1, 2, 3]) onEvent?.({ type: "resume-attempt", attempt, detail: "lost" });
        return Promise.reject(new RangeError("enough"));
      },
    });
    await expect(open()).rejects.toThrow("enough");
    expect(told).toContain("the agent says: be careful");
    expect(told.filter((text) => text.includes("trying to resume"))).toHaveLength(1);
    expect(told.join("\n")).not.toContain("top secret");
  });
});
