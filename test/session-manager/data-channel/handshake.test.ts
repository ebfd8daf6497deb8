// What we answer to what an agent asks.
import { describe, expect, it } from "@jest/globals";
import { Handshake } from "../../../session-manager/data-channel/handshake.ts";
import {
  decodeHandshakeResponse,
  encodeHandshakeComplete,
  encodeHandshakeRequest,
} from "../../../session-manager/wire/handshake.ts";
import type { RequestedClientAction } from "../../../session-manager/wire/handshake.ts";
import { portAction } from "../agent-messages.ts";
import { expectCode } from "../expect-code.ts";

const request = (...actions: readonly RequestedClientAction[]): Buffer =>
  encodeHandshakeRequest({ agentVersion: "3.3.987.0", requestedClientActions: actions });
const complete = encodeHandshakeComplete({ handshakeTimeToComplete: 1, customerMessage: "welcome" });
const begin = (...actions: readonly RequestedClientAction[]): Handshake => {
  const handshake = new Handshake("1.2.764.0");
  handshake.answer(request(...actions));
  return handshake;
};

describe("Handshake.answer()", () => {
  it("answers a port session as session-manager-plugin does", () => {
    expect(new Handshake("1.2.650.0").answer(request(portAction)).toString()).toBe(
      '{"ClientVersion":"1.2.650.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}',
    );
  });

  it.each(["Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"])("accepts %s", (sessionType) => {
    const answer = new Handshake("1.2.764.0").answer(
      request({ actionType: "SessionType", actionParameters: { SessionType: sessionType, Properties: null } }),
    );
    expect(decodeHandshakeResponse(answer).processedClientActions[0]?.actionStatus).toBe(1);
  });

  it("answers each action in its place: success 1, failed 2, unsupported 3", () => {
    const answer = new Handshake("1.2.764.0").answer(
      request(
        { actionType: "Dance", actionParameters: null },
        { actionType: "SessionType", actionParameters: { SessionType: "Teleport" } },
        portAction,
      ),
    );
    const actions = decodeHandshakeResponse(answer).processedClientActions;
    expect(actions.map(({ actionStatus, error }) => [actionStatus, error])).toEqual([
      [3, 'action "Dance" is not supported'],
      [2, 'session type "Teleport" is not supported'],
      [1, ""],
    ]);
  });

  it("fails with HANDSHAKE_REPEATED on a second request, because a second response blocks a real agent", () => {
    const handshake = begin(portAction);
    expectCode(() => handshake.answer(request(portAction)), "HANDSHAKE_REPEATED");
  });
});

describe("Handshake.complete()", () => {
  it("tells version, type, properties and the message for the person", () => {
    expect(begin(portAction).complete(complete)).toEqual({
      agentVersion: "3.3.987.0",
      sessionType: "Port",
      properties: { portNumber: "22" },
      customerMessage: "welcome",
    });
  });

  it("fails with HANDSHAKE_NOT_REQUESTED before a request", () => {
    expectCode(() => new Handshake("1.2.764.0").complete(complete), "HANDSHAKE_NOT_REQUESTED");
  });

  it("fails with HANDSHAKE_REPEATED the second time", () => {
    const handshake = begin(portAction);
    handshake.complete(complete);
    expectCode(() => handshake.complete(complete), "HANDSHAKE_REPEATED");
  });

  it("fails with HANDSHAKE_NO_SESSION_TYPE when the agent named none", () => {
    expectCode(() => begin().complete(complete), "HANDSHAKE_NO_SESSION_TYPE");
  });
});

describe("Handshake.skip()", () => {
  it("takes a session that begins with output for a shell", () => {
    expect(new Handshake("1.2.764.0").skip().sessionType).toBe("Standard_Stream");
  });

  it("fails with HANDSHAKE_NOT_COMPLETED between request and end", () => {
    expectCode(() => begin(portAction).skip(), "HANDSHAKE_NOT_COMPLETED");
  });
});
