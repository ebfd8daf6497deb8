// Sessions without ssh: which document goes where, and that a half-opened carrier leaves nothing.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { forwardingRequest, openPortCarrier, type OpenForwarding } from "../../../scripts/tunnel/port-carrier.ts";

describe("forwardingRequest()", () => {
  it("goes to a host behind the bastion by the document for remote hosts", () => {
    expect(forwardingRequest({ kind: "host", host: "db.internal", port: 5432 }, undefined)).toEqual({
      documentName: "AWS-StartPortForwardingSessionToRemoteHost",
      parameters: { host: ["db.internal"], portNumber: ["5432"] },
    });
  });

  it.each(["localhost", "127.0.0.1", "::1"])("goes to the bastion's own port by the document for it: %s", (host) => {
    expect(forwardingRequest({ kind: "host", host, port: 80 }, undefined)).toEqual({
      documentName: "AWS-StartPortForwardingSession",
      parameters: { portNumber: ["80"] },
    });
  });

  it("gives a document of the account's own no parameters: it has host and port in it", () => {
    const destination = { kind: "host", host: "db.internal", port: 5432 } as const;
    expect(forwardingRequest(destination, "Orders")).toEqual({ documentName: "Orders", parameters: {} });
  });
});

class TestForwarding implements OpenForwarding {
  closes = 0;
  end: (reason: string) => void = () => undefined;
  readonly forwarding: OpenForwarding["forwarding"];

  constructor() {
    const ended = new Promise<{ by: "agent"; reason: string }>((resolve) => {
      this.end = (reason) => {
        resolve({ by: "agent", reason });
      };
    });
    this.forwarding = { connect: () => new PassThrough(), ended };
  }

  close(): Promise<void> {
    this.closes += 1;
    return Promise.resolve();
  }
}

describe("openPortCarrier()", () => {
  it("ends when one of its sessions does, with that one's reason, and closes all of them once", async () => {
    const both = [new TestForwarding(), new TestForwarding()];
    const carrier = await openPortCarrier(both.map((each) => () => Promise.resolve(each)));
    both[1]?.end("idle for too long");
    await expect(carrier.ended).resolves.toBe("idle for too long");
    await Promise.all([carrier.close(), carrier.close()]);
    expect(both.map(({ closes }) => closes)).toEqual([1, 1]);
  });

  it("fails with what one opening met, after closing the others", async () => {
    const good = new TestForwarding();
    const opening = openPortCarrier([() => Promise.resolve(good), () => Promise.reject(new Error("denied"))]);
    await expect(opening).rejects.toThrow("denied");
    expect(good.closes).toBe(1);
  });
});
