// What becomes of a forwarded connection when the one that carries it is gone.
import { describe, expect, it } from "@jest/globals";
import { EventEmitter } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import type { Connection } from "ssh2";
import { serveForwarding } from "../../../sandbox/instances/ssh-forwarding.ts";

describe("serveForwarding()", () => {
  it("lets go of what it reached too late: the client had left while it was dialling", async () => {
    const connection = new EventEmitter();
    const target = new PassThrough();
    let reached: (target: Duplex) => void = () => undefined;
    const dialling = new Promise<Duplex>((resolve) => (reached = resolve));
    serveForwarding(connection as unknown as Connection, () => dialling);
    const accepted: Duplex[] = [];
    const accept = (): Duplex => {
      const channel = new PassThrough();
      accepted.push(channel);
      return channel;
    };
    connection.emit("tcpip", accept, () => undefined, { destIP: "db.internal", destPort: 5432 });
    connection.emit("close");
    reached(target);
    await dialling;
    expect([target.destroyed, accepted.length]).toEqual([true, 0]);
  });
});
