// Where the ProxyCommand arrives.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JoinPoint } from "../../../scripts/ssh/join-point.ts";

describe("JoinPoint", () => {
  let directory = "";
  let path = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "join-"));
    path = join(directory, "s");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("takes one connection, and turns the next one away", async () => {
    const joinPoint = await JoinPoint.listen(path);
    const first = connect(path);
    const connection = await joinPoint.connection;
    const second = connect(path);
    await expect(once(second, "connect")).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|ECONNREFUSED/) });
    first.destroy();
    connection.destroy();
  });

  it("leaves no socket when nobody came", async () => {
    const joinPoint = await JoinPoint.listen(path);
    joinPoint.close();
    await new Promise(setImmediate);
    expect(existsSync(path)).toBe(false);
  });

  it("fails where it cannot listen", async () => {
    await expect(JoinPoint.listen(join(directory, "none", "s"))).rejects.toMatchObject({ syscall: "listen" });
  });
});
