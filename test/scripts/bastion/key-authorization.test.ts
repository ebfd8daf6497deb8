// When the key is authorized, and what of the server's bytes waits for it.
import { describe, expect, it } from "@jest/globals";
import { text } from "node:stream/consumers";
import { KeyAuthorization, holdAfterVersionLine } from "../../../scripts/bastion/key-authorization.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

describe("KeyAuthorization.ensure()", () => {
  function authorization(answers: readonly (Error | undefined)[] = []) {
    const clock = new FakeClock();
    let sent = 0;
    const key = new KeyAuthorization(() => {
      const answer = answers[sent];
      sent += 1;
      return answer === undefined ? Promise.resolve() : Promise.reject(answer);
    }, clock);
    return { clock, key, sent: () => sent };
  }

  it("sends the key once for connections that start together", async () => {
    const { key, sent } = authorization();
    await Promise.all([key.ensure(), key.ensure()]);
    expect(sent()).toBe(1);
  });

  it("trusts it for 45 s, and sends it again after that", async () => {
    const { key, sent, clock } = authorization();
    await key.ensure();
    await clock.advance(45_000);
    await key.ensure();
    expect(sent()).toBe(1);
    await clock.advance(1);
    await key.ensure();
    expect(sent()).toBe(2);
  });

  it("fails with what sending met, and sends it again for the next connection", async () => {
    const { key, sent } = authorization([new RangeError("denied")]);
    await expect(key.ensure()).rejects.toThrow("denied");
    await expect(key.ensure()).resolves.toBeUndefined();
    expect(sent()).toBe(2);
  });
});

describe("holdAfterVersionLine()", () => {
  function held() {
    let asked = 0;
    let release = (): void => undefined;
    let refuse = (_error: Error): void => undefined;
    const stream = holdAfterVersionLine(
      () =>
        new Promise((resolve, reject) => {
          asked += 1;
          release = resolve;
          refuse = reject;
        }),
    );
    const read = (): string => String(stream.read() ?? "");
    return {
      stream,
      read,
      asked: () => asked,
      release: () => {
        release();
      },
      refuse: (error: Error) => {
        refuse(error);
      },
    };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("passes the version line at once and holds what follows until the key is authorized", async () => {
    const { stream, read, release, asked } = held();
    stream.write("SSH-2.0-OpenSSH_9.2\r\nkex");
    stream.write("init");
    await turn();
    expect([read(), asked()]).toEqual(["SSH-2.0-OpenSSH_9.2\r\n", 1]);
    release();
    await turn();
    expect(read()).toBe("kexinit");
  });

  it.each([
    ["in one piece", ["hello\r\nSSH-2.0-x\r\nkex"]],
    ["byte by byte", Array.from("hello\r\nSSH-2.0-x\r\nkex")],
    ["torn in the prefix", ["hello\r\nSS", "H-2.0-x\r", "\nkex"]],
  ])("finds the version line behind other lines, %s", async (_how, chunks) => {
    const { stream, read, asked } = held();
    for (const chunk of chunks) stream.write(chunk);
    await turn();
    expect([read(), asked()]).toEqual(["hello\r\nSSH-2.0-x\r\n", 1]);
  });

  it("asks for the key only once, though bytes that look like a version line come later", async () => {
    const { stream, release, asked } = held();
    stream.write("SSH-2.0-x\r\n");
    release();
    await turn();
    stream.write("SSH-2.0-y\r\n");
    stream.end();
    await expect(text(stream)).resolves.toBe("SSH-2.0-x\r\nSSH-2.0-y\r\n");
    expect(asked()).toBe(1);
  });

  it("does not ask for the key while no sshd speaks", async () => {
    const { stream, asked } = held();
    stream.write("HTTP/1.1 400 Bad Request\r\n");
    stream.end();
    await expect(text(stream)).resolves.toBe("HTTP/1.1 400 Bad Request\r\n");
    expect(asked()).toBe(0);
  });

  it("holds a peer that goes on for 64 KiB without a version line", async () => {
    const { stream, read, asked } = held();
    stream.write("x".repeat(64 * 1024));
    stream.write("y");
    await turn();
    expect([read().length, asked()]).toEqual([64 * 1024, 1]);
  });

  it("fails with what authorizing met", async () => {
    const { stream, refuse } = held();
    const failed = new Promise((resolve) => stream.once("error", resolve));
    stream.write("SSH-2.0-x\r\nkex");
    await turn();
    refuse(new RangeError("denied"));
    await expect(failed).resolves.toMatchObject({ message: "denied" });
  });
});
