// Options that no session could be opened with.
import { describe, expect, it } from "@jest/globals";
import { openPortForwarding, openShell, openStandardStream } from "../../session-manager/index.ts";
import { FakeClock } from "../harness/fake-clock.ts";

describe.each([
  ["openStandardStream()", openStandardStream],
  ["openPortForwarding()", openPortForwarding],
  ["openShell()", openShell],
])("%s", (_name, open) => {
  it.each([0, 1_023, 4_097, 65_536, Number.NaN])(
    "refuses messages of %d bytes, and opens no connection",
    async (maxPayloadBytes) => {
      const ticket = { sessionId: "ann-1", streamUrl: "ws://127.0.0.1:9/", tokenValue: "token" };
      const signUpgrade = (): never => {
        throw new Error("a connection was opened");
      };
      const options = { ticket, clock: new FakeClock(), signUpgrade, maxPayloadBytes };
      await expect(open(options)).rejects.toThrow(
        new RangeError(`cannot open session: maxPayloadBytes is ${maxPayloadBytes}, not between 1024 and 4096`),
      );
    },
  );
});
