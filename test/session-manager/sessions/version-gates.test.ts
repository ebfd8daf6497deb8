// Which agent can do what.
import { describe, expect, it } from "@jest/globals";
import { agentSupports } from "../../../session-manager/sessions/version-gates.ts";

describe("agentSupports()", () => {
  it.each([
    ["terminateSessionFlag", "2.3.722.0", false],
    ["terminateSessionFlag", "2.3.722.1", true],
    ["terminateSessionFlag", "2.3.723.0", true],
    ["terminateSessionFlag", "2.2.9999.0", false],
    ["terminateSessionFlag", "10.0.0.0", true],
    ["multiplexing", "3.0.196.0", false],
    ["multiplexing", "3.0.197.0", true],
    ["keepAliveOff", "3.1.1511.0", false],
    ["keepAliveOff", "3.1.1512.0", true],
    ["keepAliveOff", "3.3.987.0", true],
  ] as const)("%s of %s: %s", (feature, version, supported) => {
    expect(agentSupports(feature, version)).toBe(supported);
  });

  it.each(["", "3.3.987", "3.3.987.0.1", "3.3.987.x", "-3.3.987.0", " 3.3.987.0"])(
    'believes nothing of "%s"',
    (version) => {
      expect(agentSupports("terminateSessionFlag", version)).toBe(false);
    },
  );
});
