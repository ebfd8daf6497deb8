import { describe, expect, it } from "@jest/globals";
import type { Duplex } from "node:stream";
import { AWS_TIMING } from "../../../sandbox/agent/timing.ts";
import { establishedBench, settled, type AgentBench, type AgentBenchOptions } from "./agent-bench.ts";
import { acknowledgement, flagMessage, written } from "./hand-written-wire.ts";

const FORWARDING = {
  documentName: "AWS-StartPortForwardingSession",
  parameters: { portNumber: ["5432"], localPortNumber: ["0"] },
};

const SYN_3 = "0100000003000000";
const FIN_3 = "0101000003000000";
const PSH_3_GET = "0102030003000000474554";

class Mux {
  readonly bench: AgentBench;
  #next = 1;

  constructor(bench: AgentBench) {
    this.bench = bench;
  }

  /** Sends smux bytes, in messages of at most `size` bytes. */
  async send(hex: string | Buffer, size = 1024): Promise<void> {
    const bytes = typeof hex === "string" ? Buffer.from(hex, "hex") : hex;
    for (let start = 0; start < bytes.length; start += size) {
      this.bench.session.receive(written({ number: this.#next++, payload: bytes.subarray(start, start + size) }));
    }
    await this.bench.clock.advance(0);
    await this.bench.clock.advance(0);
  }

  /** What the agent has sent of the smux stream. */
  get heard(): string {
    const payloads = this.bench.link.output.filter((message) => message.payloadType === 1);
    return Buffer.concat(payloads.map((message) => message.payload)).toString("hex");
  }
}

async function mux(options: AgentBenchOptions = {}, clientVersion = "1.2.650.0"): Promise<Mux> {
  return new Mux(await establishedBench({ ...FORWARDING, ...options }, clientVersion));
}

describe("MuxPlugin", () => {
  it("dials the port for each SYN, and writes what PSH brings", async () => {
    const client = await mux();
    await client.send(SYN_3 + PSH_3_GET + "0100000005000000" + "0102030005000000505554");
    expect(client.bench.dialed).toEqual(["localhost:5432", "localhost:5432"]);
    expect(client.bench.ports.map((port) => String(port.read()))).toEqual(["GET", "PUT"]);
  });

  it.each([1, 3, 7, 9])("reads frames that are cut into messages of %i bytes", async (size) => {
    const client = await mux();
    await client.send(SYN_3 + PSH_3_GET + PSH_3_GET + "0103000000000000" + PSH_3_GET, size);
    expect(String(client.bench.ports[0]?.read())).toBe("GETGETGET");
  });

  it("sends what the port says as PSH, and FIN when it ends", async () => {
    const client = await mux();
    await client.send(SYN_3);
    client.bench.ports[0]?.end("abc");
    await client.bench.clock.advance(0);
    await client.bench.clock.advance(0);
    expect(client.heard).toBe("0102030003000000616263" + FIN_3);
  });

  it("cuts data into frames of 32768 bytes", async () => {
    const client = await mux();
    await client.send(SYN_3);
    client.bench.ports[0]?.write(Buffer.alloc(40_000));
    await client.bench.clock.advance(0);
    const heard = Buffer.from(client.heard, "hex");
    expect([heard.readUInt16LE(2), heard.readUInt16LE(8 + 32_768 + 2), heard.length]).toEqual([32_768, 7_232, 40_016]);
  });

  it("gives the port what came before FIN, ends it, and drops what it still says", async () => {
    const client = await mux();
    await client.send(SYN_3 + PSH_3_GET + FIN_3);
    const port = client.bench.ports[0];
    expect(String(port?.read())).toBe("GET");
    port?.write("the answer");
    await client.bench.clock.advance(0);
    expect(client.heard).toBe(FIN_3);
  });

  it("drops data for a stream that it does not know", async () => {
    const client = await mux();
    await client.send(PSH_3_GET + "0100000005000000" + "0102030005000000505554");
    expect(client.bench.ports.map((port) => String(port.read()))).toEqual(["PUT"]);
  });

  it("sends the flag ConnectToPortError and then FIN when the port refuses, and goes on", async () => {
    const client = await mux({ dial: () => Promise.reject(new Error("refused")) });
    await client.send(SYN_3);
    const [flag, fin] = client.bench.link.output.slice(2);
    expect([flag?.payloadType, flag?.payload.toString("hex")]).toEqual([10, "00000003"]);
    expect(fin?.payload.toString("hex")).toBe(FIN_3);
    expect(await settled(client.bench.session.ended)).toBe("pending");
  });

  it("opens connections one after the other when it is timed like AWS's, and at once when not", async () => {
    const forever = (): Promise<Duplex> => new Promise(() => undefined);
    const inTurn = await mux({ timing: AWS_TIMING, dial: forever });
    const atOnce = await mux({ dial: forever });
    for (const client of [inTurn, atOnce]) await client.send(SYN_3 + "0100000005000000");
    expect([inTurn.bench.dialed.length, atOnce.bench.dialed.length]).toEqual([1, 2]);
  });

  it("stops acknowledging when 4 MiB wait for slow ports, and goes on when they have read", async () => {
    const client = await mux();
    const frame = Buffer.concat([Buffer.from("0102008003000000", "hex"), Buffer.alloc(32_768)]);
    await client.send(SYN_3);
    for (let count = 0; count < 160; count++) await client.send(frame, frame.length);
    expect(client.bench.link.acknowledged.length).toBeLessThan(135);
    client.bench.ports[0]?.resume();
    for (let turn = 0; turn < 400; turn++) await client.bench.clock.advance(0);
    expect(client.bench.link.acknowledged).toHaveLength(162);
  });

  it("gives 32 busy streams their turn", async () => {
    const client = await mux();
    for (let id = 3; id < 67; id += 2) await client.send(`01000000${id.toString(16).padStart(2, "0")}000000`);
    for (const port of client.bench.ports) port.write(Buffer.alloc(64 * 1024));
    for (let turn = 0; turn < 20; turn++) await client.bench.clock.advance(0);
    const heard = Buffer.from(client.heard, "hex");
    const ids: number[] = [];
    for (let at = 0; at + 8 <= heard.length; at += 8 + heard.readUInt16LE(at + 2)) ids.push(heard.readUInt32LE(at + 4));
    expect(new Set(ids.slice(0, 32)).size).toBe(32);
  });

  it("ignores DisconnectToPort, and ends well at TerminateSession", async () => {
    const client = await mux();
    client.bench.session.receive(flagMessage(1, 1));
    expect(await settled(client.bench.session.ended)).toBe("pending");
    client.bench.session.receive(flagMessage(2, 2));
    await expect(client.bench.session.ended).resolves.toBe("");
  });

  it.each([
    ["an unknown command", "0104000003000000"],
    ["another version", "0200000003000000"],
  ])("fails for %s", async (_name, hex) => {
    const client = await mux();
    await client.send(hex);
    client.bench.session.receive(acknowledgement({ id: "", number: 2 }));
    await expect(client.bench.session.ended).resolves.toMatch(/^----------ERROR-------\ncannot decode smux header/);
  });

  it("keeps quiet for clients above 1.2.331.0", async () => {
    const client = await mux();
    await client.bench.clock.advance(120_000);
    expect([client.heard, client.bench.clock.pending]).toEqual(["", 0]);
  });

  it("sends a NOP every 10 s to older clients, and ends after 30 s to 60 s without a frame of theirs", async () => {
    const client = await mux({}, "1.2.331.0");
    await client.bench.clock.advance(29_000);
    expect(client.heard.startsWith("0103000000000000")).toBe(true);
    await client.bench.clock.advance(35_000);
    await expect(client.bench.session.ended).resolves.toContain("no frame came for 30 s");
    expect(client.bench.clock.pending).toBe(0);
  });
});

describe("pluginStarter(), ports", () => {
  it("dials the host that AWS-StartPortForwardingSessionToRemoteHost names", async () => {
    const client = await mux({
      documentName: "AWS-StartPortForwardingSessionToRemoteHost",
      parameters: { host: ["database.internal"], portNumber: ["5432"] },
    });
    await client.send(SYN_3);
    expect(client.bench.dialed).toEqual(["database.internal:5432"]);
  });

  it.each(["169.254.169.254", "fd00:ec2::254", "fd00:0ec2:0:0::fe".replace("fe", "254")])(
    "refuses %s",
    async (host) => {
      const client = await mux({
        documentName: "AWS-StartPortForwardingSessionToRemoteHost",
        parameters: { host: [host], portNumber: ["80"] },
      });
      await expect(client.bench.session.ended).resolves.toContain(`Forwarding to IP address ${host} is forbidden.`);
    },
  );

  it.each(["0", "65536", "http", ""])("refuses %j as a port number", async (portNumber) => {
    const client = await mux({ parameters: { portNumber: [portNumber] } });
    await expect(client.bench.session.ended).resolves.toContain("Port number is not valid.");
  });

  it("forwards one connection after the other for clients below 1.1.70", async () => {
    const { bench } = await mux({}, "1.1.69.0");
    bench.session.receive(written({ number: 1, payload: Buffer.from("one") }));
    await bench.clock.advance(0);
    bench.session.receive(flagMessage(2, 1));
    bench.session.receive(written({ number: 3, payload: Buffer.from("two") }));
    await bench.clock.advance(0);
    expect([bench.dialed.length, String(bench.ports[0]?.read()), String(bench.ports[1]?.read())]).toEqual([
      2,
      "one",
      "two",
    ]);
    expect(bench.link.acknowledged).toEqual([0, 1, 2, 3]);
  });
});
