import { describe, expect, it } from "@jest/globals";
import { LocalListener, cannotListen } from "../../../scripts/tunnel/local-listener.ts";

const address = "127.0.0.1";

function systemError(code: string): Error {
  return Object.assign(new TypeError(`listen ${code}`), { code });
}

describe("LocalListener", () => {
  it("fails with 71 on a port that is taken, and offers one that is free", async () => {
    const first = await LocalListener.open({ address, port: 0 });
    const again = LocalListener.open({ address, port: first.port });
    await expect(again).rejects.toMatchObject({
      exitCode: 71,
      message: expect.stringMatching(/^cannot listen on port \d+ of "127\.0\.0\.1": .+ has it$/),
      hint: expect.stringMatching(/^this one is free: --local-port \d+\n/),
    });
    first.close();
  });
});

describe("cannotListen()", () => {
  it.each([
    ["EACCES", "ports below 1024 are the system's", /^this one is free: --local-port \d+$/],
    ["EADDRNOTAVAIL", "that is no address of this computer", /^leave --bind out for 127\.0\.0\.1$/],
    ["EMFILE", "EMFILE", /^--local-port 0 takes any port that is free$/],
  ])("tells what %s means", async (code, met, hint) => {
    await expect(cannotListen({ address, port: 443 }, systemError(code))).resolves.toMatchObject({
      exitCode: 71,
      message: `cannot listen on port 443 of "127.0.0.1": ${met}`,
      hint: expect.stringMatching(hint),
    });
  });
});
