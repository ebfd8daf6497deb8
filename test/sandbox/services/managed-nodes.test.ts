// Agents over time, with a clock that only the test turns.
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { EC2Client } from "@aws-sdk/client-ec2";
import { Inventory, type InventoryInstance } from "../../../sandbox/services/inventory.ts";
import { ManagedNodes } from "../../../sandbox/services/managed-nodes.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const MINUTE_MS = 60_000;
const BOOT_MS = 30_000;
const ID = "i-0123456789abcdef0";

/** What EC2 would say. */
class FixedInventory extends Inventory {
  readonly byId = new Map<string, InventoryInstance>();

  constructor() {
    super(undefined as unknown as EC2Client);
  }

  put(state: string): void {
    const rest = { availabilityZone: "a", privateIpAddress: "10.0.0.4", tags: {}, imageName: "al2023-ami-1" };
    this.byId.set(ID, { instanceId: ID, state, ...rest });
  }

  override instances(): Promise<ReadonlyMap<string, InventoryInstance>> {
    return Promise.resolve(this.byId);
  }
}

let clock: FakeClock;
let inventory: FixedInventory;
let broken: string | undefined;
let nodes: ManagedNodes;

beforeEach(() => {
  clock = new FakeClock();
  inventory = new FixedInventory();
  broken = undefined;
  const explainRegistration = (): Promise<string | undefined> => Promise.resolve(broken);
  nodes = new ManagedNodes({ inventory, clock, bootMs: BOOT_MS, explainRegistration });
});

async function launch(): Promise<void> {
  inventory.put("running");
  nodes.changed();
  await nodes.launched();
}

describe("ManagedNodes", () => {
  it("registers an agent when its instance has booted, not before", async () => {
    await launch();
    await clock.advance(BOOT_MS - 1);
    expect(await nodes.connection(ID)).toEqual({ connected: false, reason: "the instance is booting" });
    await clock.advance(1);
    expect(await nodes.connection(ID)).toEqual({ connected: true });
  });

  it("takes an instance that was there before it for one that has booted", async () => {
    inventory.put("running");
    await nodes.begin();
    expect(await nodes.connection(ID)).toEqual({ connected: true });
  });

  it("lets an agent whose first call fails sleep 5 min, then 10, however soon the way is free", async () => {
    await launch();
    broken = "no way out";
    await clock.advance(BOOT_MS);
    await clock.advance(5 * MINUTE_MS);
    expect(await nodes.connection(ID)).toEqual({ connected: false, reason: "no way out" }); // the second attempt
    broken = undefined;
    nodes.changed();
    await clock.advance(10 * MINUTE_MS - 1);
    expect(await nodes.connection(ID)).toMatchObject({ connected: false });
    await clock.advance(1);
    expect(await nodes.connection(ID)).toEqual({ connected: true });
  });

  it("has an agent that was registered back as soon as its way is free again", async () => {
    await launch();
    await clock.advance(BOOT_MS);
    broken = "no way out";
    nodes.changed();
    expect(await nodes.connection(ID)).toEqual({ connected: false, reason: "no way out" });
    broken = undefined;
    nodes.changed();
    expect(await nodes.connection(ID)).toEqual({ connected: true });
  });

  it("asks how the network is only after it may have changed", async () => {
    await launch();
    await clock.advance(BOOT_MS);
    broken = "no way out"; // and nobody has said so
    expect(await nodes.connection(ID)).toEqual({ connected: true });
  });

  it("shows the last ping at most 5 min ago while the agent lives", async () => {
    await launch();
    await clock.advance(BOOT_MS);
    const registeredMs = clock.now();
    await clock.advance(12 * MINUTE_MS);
    expect(await nodes.list()).toMatchObject([{ pingStatus: "Online", lastPingMs: registeredMs + 10 * MINUTE_MS }]);
  });

  it("shows a stopped node as ConnectionLost 5 min after it was lost, and a terminated one no more", async () => {
    await launch();
    await clock.advance(BOOT_MS);
    inventory.put("stopped");
    expect(await nodes.list()).toMatchObject([{ pingStatus: "Online" }]);
    await clock.advance(5 * MINUTE_MS);
    expect(await nodes.list()).toMatchObject([{ pingStatus: "ConnectionLost" }]);
    inventory.put("terminated");
    expect(await nodes.list()).toEqual([]);
  });

  it("leaves no wait behind when it is closed", async () => {
    await launch();
    expect(clock.pending).toBe(1);
    nodes.close();
    expect(clock.pending).toBe(0);
  });
});
