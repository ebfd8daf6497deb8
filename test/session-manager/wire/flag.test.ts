// Flags: four bytes, no more and no less.
import { describe, expect, it } from "@jest/globals";
import { decodeFlag, encodeFlag, Flag } from "../../../session-manager/wire/flag.ts";
import { expectCode } from "../expect-code.ts";
import { agentMessageVector, fromHex } from "./vectors.ts";

describe("encodeFlag()", () => {
  it("writes the payload of the worked example", () => {
    expect(encodeFlag(Flag.terminateSession)).toEqual(agentMessageVector("TerminateSession flag").message.payload);
  });
});

describe("decodeFlag()", () => {
  it.each([
    ["00000001", Flag.disconnectToPort],
    ["00000002", Flag.terminateSession],
    ["00000003", Flag.connectToPortError],
    ["ffffffff", 0xffff_ffff],
  ])("reads %s", (hex, flag) => {
    expect(decodeFlag(fromHex(hex))).toBe(flag);
  });

  it.each(["", "000002", "0000000002"])('fails with FLAG_BAD_LENGTH on "%s"', (hex) => {
    expectCode(() => decodeFlag(fromHex(hex)), "FLAG_BAD_LENGTH");
  });
});
