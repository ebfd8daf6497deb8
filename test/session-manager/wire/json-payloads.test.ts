// The JSON payloads: exact text out, checked members in.
import { describe, expect, it } from "@jest/globals";
import { decodeAcknowledge, encodeAcknowledge } from "../../../session-manager/wire/acknowledge.ts";
import { decodeChannelClosed, encodeChannelClosed } from "../../../session-manager/wire/channel-closed.ts";
import * as handshake from "../../../session-manager/wire/handshake.ts";
import { decodeOpenDataChannel, encodeOpenDataChannel } from "../../../session-manager/wire/open-data-channel.ts";
import { expectCode } from "../expect-code.ts";
import { agentMessageVector } from "./vectors.ts";

const acknowledgement = agentMessageVector("acknowledgement of output message 5").message.payload;
const closed = agentMessageVector("channel_closed from the service, in the 112-byte form").message.payload;

// As a real agent, 3.3.987.0, sent it for an SSH session.
const handshakeRequest =
  '{"AgentVersion":"3.3.987.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"22"}}}]}';
// As session-manager-plugin 1.2.650.0 answers.
const handshakeResponse =
  '{"ClientVersion":"1.2.650.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}';

describe("encodeAcknowledge()", () => {
  it("writes the payload of the worked example", () => {
    const bytes = encodeAcknowledge({
      acknowledgedMessageType: "output_stream_data",
      acknowledgedMessageId: "dd01e56b-ff48-483e-a508-b5f073f31b16",
      acknowledgedMessageSequenceNumber: 5,
    });
    expect(bytes.toString()).toBe(acknowledgement.toString());
  });
});

describe("encodeAcknowledge() of hostile words", () => {
  it.each(['a"b', "a\\", "a b", "ü"])("fails with RangeError on the type %j", (acknowledgedMessageType) => {
    const acknowledge = { acknowledgedMessageType, acknowledgedMessageId: "i", acknowledgedMessageSequenceNumber: 0 };
    expect(() => encodeAcknowledge(acknowledge)).toThrow(expect.objectContaining({ name: "RangeError" }));
  });
});

describe("decodeAcknowledge()", () => {
  it("reads the payload of the worked example", () => {
    expect(decodeAcknowledge(acknowledgement).acknowledgedMessageSequenceNumber).toBe(5);
  });

  it.each([
    ["a negative number", "-1"],
    ["a fraction", "0.5"],
    ["2^53", "9007199254740992"],
    ["a string", '"5"'],
    ["null", "null"],
  ])("fails with ACKNOWLEDGE_BAD_MEMBER on %s as the sequence number", (_, number) => {
    const text = acknowledgement.toString().replace('Number":5', `Number":${number}`);
    expectCode(() => decodeAcknowledge(Buffer.from(text)), "ACKNOWLEDGE_BAD_MEMBER");
  });

  it.each([
    ["ACKNOWLEDGE_NOT_JSON on no bytes", ""],
    ["ACKNOWLEDGE_NOT_JSON on cut JSON", '{"AcknowledgedMessageType":"out'],
    ["ACKNOWLEDGE_NOT_JSON on a list", "[]"],
    ["ACKNOWLEDGE_NOT_JSON on null", "null"],
    ["ACKNOWLEDGE_BAD_MEMBER on an empty object", "{}"],
    ["ACKNOWLEDGE_TOO_LONG on 65,537 bytes", " ".repeat(65_537)],
  ])("fails with %s", (title, text) => {
    expectCode(() => decodeAcknowledge(Buffer.from(text)), title.split(" ")[0] ?? "");
  });
});

describe("encodeChannelClosed()", () => {
  it("writes the payload of the worked example", () => {
    expect(encodeChannelClosed(decodeChannelClosed(closed)).toString()).toBe(closed.toString());
  });
});

describe("decodeChannelClosed()", () => {
  it("reads the payload of the worked example", () => {
    expect(decodeChannelClosed(closed)).toEqual({
      messageId: "a7d9b8c2-0000-4000-8000-000000000001",
      destinationId: "i-0123456789abcdef0",
      sessionId: "user-0123456789abcdef0",
      createdDateMs: 1_700_000_000_000,
      output: "",
    });
  });

  it("needs the session id only", () => {
    expect(decodeChannelClosed(Buffer.from('{"SessionId":"s","CreatedDate":"soon"}'))).toEqual({
      messageId: "",
      destinationId: "",
      sessionId: "s",
      createdDateMs: 0,
      output: "",
    });
  });

  it("fails with CHANNEL_CLOSED_BAD_MEMBER when the reason is no string", () => {
    expectCode(() => decodeChannelClosed(Buffer.from('{"SessionId":"s","Output":{}}')), "CHANNEL_CLOSED_BAD_MEMBER");
  });
});

describe("the handshake request", () => {
  it("is written and read as a real agent sends it", () => {
    const request = handshake.decodeHandshakeRequest(Buffer.from(handshakeRequest));
    expect(request).toEqual({
      agentVersion: "3.3.987.0",
      requestedClientActions: [
        { actionType: "SessionType", actionParameters: { SessionType: "Port", Properties: { portNumber: "22" } } },
      ],
    });
    expect(handshake.encodeHandshakeRequest(request).toString()).toBe(handshakeRequest);
  });

  it.each([
    ["no agent version", '{"RequestedClientActions":[]}'],
    ["no actions", '{"AgentVersion":"3.3.987.0"}'],
    ["actions that are an object", '{"AgentVersion":"3.3.987.0","RequestedClientActions":{}}'],
    ["an action that is null", '{"AgentVersion":"3.3.987.0","RequestedClientActions":[null]}'],
    ["an action without a type", '{"AgentVersion":"3.3.987.0","RequestedClientActions":[{}]}'],
  ])("fails with HANDSHAKE_REQUEST_BAD_MEMBER on %s", (_, text) => {
    expectCode(() => handshake.decodeHandshakeRequest(Buffer.from(text)), "HANDSHAKE_REQUEST_BAD_MEMBER");
  });
});

describe("the parameters of SessionType", () => {
  it("are read with their properties, and written back", () => {
    const parameters = { SessionType: "Port", Properties: { portNumber: "22" } };
    const decoded = handshake.decodeSessionTypeParameters(parameters);
    expect(decoded).toEqual({ sessionType: "Port", properties: { portNumber: "22" } });
    expect(handshake.encodeSessionTypeParameters(decoded)).toEqual(parameters);
  });

  it("may have no properties", () => {
    expect(handshake.decodeSessionTypeParameters({ SessionType: "Standard_Stream" }).properties).toBeNull();
  });

  it.each([null, "Port", [], { SessionType: 1 }])("fails with HANDSHAKE_REQUEST_BAD_MEMBER on %j", (parameters) => {
    expectCode(() => handshake.decodeSessionTypeParameters(parameters), "HANDSHAKE_REQUEST_BAD_MEMBER");
  });
});

describe("the handshake response", () => {
  it("is written and read as session-manager-plugin sends it", () => {
    const response = handshake.decodeHandshakeResponse(Buffer.from(handshakeResponse));
    expect(response.processedClientActions).toEqual([
      { actionType: "SessionType", actionStatus: 1, actionResult: null, error: "" },
    ]);
    expect(handshake.encodeHandshakeResponse(response).toString()).toBe(handshakeResponse);
  });

  it("gives those of its errors that are strings: an object may be one that no string can be made of", () => {
    const text = handshakeResponse.replace('"Errors":null', '"Errors":["no",{"toString":null,"valueOf":null},1]');
    expect(handshake.decodeHandshakeResponse(Buffer.from(text)).errors).toEqual(["no"]);
  });

  it("fails with HANDSHAKE_RESPONSE_BAD_MEMBER on a status that is a string", () => {
    const text = handshakeResponse.replace(":1,", ':"1",');
    expectCode(() => handshake.decodeHandshakeResponse(Buffer.from(text)), "HANDSHAKE_RESPONSE_BAD_MEMBER");
  });
});

describe("the handshake complete", () => {
  it("is written with nanoseconds and a message, and read back", () => {
    const complete = { handshakeTimeToComplete: 1_234_567_890, customerMessage: "hello" };
    const text = '{"HandshakeTimeToComplete":1234567890,"CustomerMessage":"hello"}';
    expect(handshake.encodeHandshakeComplete(complete).toString()).toBe(text);
    expect(handshake.decodeHandshakeComplete(Buffer.from(text))).toEqual(complete);
  });

  it("fails with HANDSHAKE_COMPLETE_BAD_MEMBER without a time", () => {
    expectCode(() => handshake.decodeHandshakeComplete(Buffer.from("{}")), "HANDSHAKE_COMPLETE_BAD_MEMBER");
  });
});

describe("the first frame", () => {
  const open = { requestId: "r", tokenValue: "t", clientId: "c", clientVersion: "1.2.650.0" };

  it("has exactly the members that session-manager-plugin sends, in its order", () => {
    expect(encodeOpenDataChannel(open).toString()).toBe(
      '{"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"t","ClientId":"c","ClientVersion":"1.2.650.0"}',
    );
  });

  it("is read back", () => {
    expect(decodeOpenDataChannel(encodeOpenDataChannel(open))).toEqual(open);
  });

  it("may lack client id and client version, as those of other clients do", () => {
    expect(decodeOpenDataChannel(Buffer.from('{"RequestId":"r","TokenValue":"t"}'))).toEqual({
      requestId: "r",
      tokenValue: "t",
      clientId: "",
      clientVersion: undefined,
    });
  });

  it("fails with OPEN_DATA_CHANNEL_BAD_MEMBER without a token", () => {
    expectCode(() => decodeOpenDataChannel(Buffer.from('{"RequestId":"r"}')), "OPEN_DATA_CHANNEL_BAD_MEMBER");
  });
});
