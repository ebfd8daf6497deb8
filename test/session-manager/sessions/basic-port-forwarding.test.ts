// One connection after the other, for agents that cannot do better.
import { once } from "node:events";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { newPortForwarding } from "../../../session-manager/sessions/new-port-forwarding.ts";
import type { PortForwarding } from "../../../session-manager/sessions/port-forwarding.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";
import { openOn } from "../opened-channel.ts";

const disconnectToPort = 'type 10 "\\u0000\\u0000\\u0000\\u0001"';
const terminateSession = 'type 10 "\\u0000\\u0000\\u0000\\u0002"';

let clock: FakeClock;
let network: FakeNetwork;
let forwarding: PortForwarding;

beforeEach(async () => {
  clock = new FakeClock();
  network = new FakeNetwork();
  forwarding = await openOn(
    { clock, network, agentVersion: "3.0.196.0", properties: { portNumber: "80", type: "LocalPortForwarding" } },
    (channel, outcome) => newPortForwarding(channel, outcome, { clock }),
  );
});

describe("BasicPortForwarding", () => {
  it("carries bytes as they are", () => {
    const stream = forwarding.connect();
    stream.write("GET");
    network.connection.receive(agent.output(2, "200 OK"));
    expect(String(stream.read())).toBe("200 OK");
    expect(network.connection.takeSent()).toEqual(['1 type 1 "GET"', "ack 2"]);
  });

  it("fails with ONE_AT_A_TIME while there is a connection", () => {
    forwarding.connect();
    expect(() => forwarding.connect()).toThrow(expect.objectContaining({ code: "ONE_AT_A_TIME" }));
  });

  it("tells the agent when a connection is closed, and can make the next", () => {
    forwarding.connect().destroy();
    const next = forwarding.connect();
    next.write("again");
    expect(network.connection.takeSent()).toEqual([`1 ${disconnectToPort}`, '2 type 1 "again"']);
  });

  it("drops what comes while there is no connection, acknowledged", () => {
    network.connection.receive(agent.output(2, "late"));
    const stream = forwarding.connect();
    expect([network.connection.takeSent(), stream.read()]).toEqual([["ack 2"], null]);
  });

  it("waits for room, and goes on", () => {
    forwarding.connect().write(Buffer.alloc(128 * 1024));
    const sent = network.connection.sent.length;
    network.connection.receive(agent.acknowledgement(1));
    expect(network.connection.sent.length).toBeGreaterThan(sent);
  });

  it("holds the agent back when its reader is 1 MiB behind", async () => {
    const stream = forwarding.connect();
    for (let number = 2; number < 2 + 1024; number += 1)
      network.connection.receive(agent.output(number, Buffer.alloc(1024)));
    expect(network.connection.isPaused).toBe(true);
    stream.resume();
    await clock.advance(0);
    expect(network.connection.isPaused).toBe(false);
  });

  it("ends the connection when the agent ends the session", async () => {
    const stream = forwarding.connect();
    network.connection.receive(agent.output(2, "bye"), agent.channelClosed());
    const received: string[] = [];
    stream.on("data", (bytes: Buffer) => received.push(bytes.toString()));
    await once(stream, "close");
    expect([received, clock.pending]).toEqual([["bye"], 0]);
  });

  it("ends the session with the flag", async () => {
    const closed = forwarding.close();
    network.connection.receive(agent.channelClosed());
    await closed;
    expect(network.connection.takeSent()).toEqual([`1 ${terminateSession}`]);
  });
});
