// Managed nodes: which instance's SSM Agent is connected to Session Manager, and if not, why not.
import type { Clock } from "../../session-manager/clock.ts";
import type { Inventory, InventoryInstance } from "./inventory.ts";

export interface ManagedNodesOptions {
  readonly inventory: Inventory;
  readonly clock: Clock;
  /** Time from the start of an instance until its SSM Agent registers. */
  readonly bootMs: number;
  /** Why the deployed stack would not let a real agent register; undefined if it would. */
  readonly explainRegistration: (instanceId: string) => Promise<string | undefined>;
}

/** Whether sessions can be started, and what stands in the way. */
export type Connection = { readonly connected: true } | { readonly connected: false; readonly reason: string };

export interface ManagedNode {
  readonly instance: InventoryInstance;
  readonly pingStatus: "Online" | "ConnectionLost";
  readonly lastPingMs: number;
}

/** What is remembered of an agent. */
interface Agent {
  /** When its instance has booted; it registers then. */
  readonly bootedAtMs: number;
  registeredAtMs?: number;
  /** After a failed registration it sleeps, longer each time. */
  sleep?: { readonly untilMs: number; readonly durationMs: number; readonly reason: string };
  /** Since when it cannot be reached; only of one that has registered. */
  lostSinceMs?: number;
}

/** The agent's first pause after a call that failed at its start; each further one is twice as long. */
const FIRST_SLEEP_MS = 5 * 60_000;
/** UpdateInstanceInformation is called this often; AWS shows `ConnectionLost` only when calls are missing. */
const PING_INTERVAL_MS = 5 * 60_000;

/**
 * Follows each agent from the start of its instance.
 *
 * `connection` tells the truth of this moment, as GetConnectionStatus does; `list` tells what AWS shows as ping status,
 * which stays `Online` for minutes after an agent has gone.
 */
export class ManagedNodes {
  /** A fault to play: the agents of these instances hang; a reboot takes them off the list. */
  readonly offlineUntilReboot = new Set<string>();
  readonly #options: ManagedNodesOptions;
  readonly #agents = new Map<string, Agent>();
  readonly #links = new Map<string, Promise<string | undefined>>();
  readonly #timers = new Set<() => void>();

  constructor(options: ManagedNodesOptions) {
    this.#options = options;
  }

  /** Takes note of the instances that there are when the sandbox begins; they have booted long ago. */
  async begin(): Promise<void> {
    for (const instanceId of (await this.#options.inventory.instances()).keys())
      this.#agents.set(instanceId, { bootedAtMs: this.#options.clock.now() });
  }

  /** To be called when EC2 or IAM may have changed. */
  changed(): void {
    this.#options.inventory.forget();
    this.#links.clear();
  }

  /** To be called when instances may have been launched: those that are new begin to boot. */
  async launched(): Promise<void> {
    for (const instanceId of (await this.#options.inventory.instances()).keys())
      if (!this.#agents.has(instanceId)) this.started(instanceId);
  }

  /** An instance boots: it was launched, started or rebooted. */
  started(instanceId: string): void {
    const { clock, bootMs } = this.#options;
    const { registeredAtMs } = this.#agents.get(instanceId) ?? {};
    this.offlineUntilReboot.delete(instanceId);
    const agent: Agent = { bootedAtMs: clock.now() + bootMs };
    // A node that was known stays known, and its ping status Online, while it reboots.
    if (registeredAtMs !== undefined) Object.assign(agent, { registeredAtMs, lostSinceMs: clock.now() });
    this.#agents.set(instanceId, agent);
    const callOff = clock.schedule(bootMs, () => {
      this.#timers.delete(callOff);
      // The first attempt counts: an agent that cannot register now sleeps, even if the way is free a second later.
      void this.connection(instanceId).catch(() => undefined); // whoever asks next meets the same error
    });
    this.#timers.add(callOff);
  }

  /** Whether a session can be started with this instance now. */
  async connection(instanceId: string): Promise<Connection> {
    const { inventory, clock } = this.#options;
    const instance = await inventory.find(instanceId);
    if (instance === undefined) return { connected: false, reason: `there is no instance "${instanceId}"` };
    const agent = this.#agentOf(instanceId);
    const reason = await this.#obstacle(instance, agent);
    if (this.#agents.get(instanceId) !== agent) return { connected: false, reason: "the instance is booting" };
    if (reason === undefined) {
      agent.registeredAtMs ??= clock.now();
      delete agent.sleep;
      delete agent.lostSinceMs;
      return { connected: true };
    }
    if (agent.registeredAtMs !== undefined) agent.lostSinceMs ??= clock.now();
    return { connected: false, reason };
  }

  /** Every node that has ever registered and whose instance still exists. */
  async list(): Promise<readonly ManagedNode[]> {
    const nodes: ManagedNode[] = [];
    for (const instance of (await this.#options.inventory.instances()).values()) {
      await this.connection(instance.instanceId);
      const agent = this.#agents.get(instance.instanceId);
      if (agent?.registeredAtMs !== undefined && instance.state !== "terminated")
        nodes.push({ instance, ...this.#ping(agent.registeredAtMs, agent.lostSinceMs) });
    }
    return nodes;
  }

  /** Calls off what is still to come. */
  close(): void {
    for (const callOff of this.#timers) callOff();
    this.#timers.clear();
  }

  /** An instance that somebody else has launched meanwhile, past this endpoint, is taken for one that has booted. */
  #agentOf(instanceId: string): Agent {
    const agent = this.#agents.get(instanceId) ?? { bootedAtMs: this.#options.clock.now() };
    this.#agents.set(instanceId, agent);
    return agent;
  }

  async #obstacle({ instanceId, state }: InventoryInstance, agent: Agent): Promise<string | undefined> {
    const now = this.#options.clock.now();
    if (state !== "running") return `the instance is ${state}`;
    if (now < agent.bootedAtMs) return "the instance is booting";
    if (this.offlineUntilReboot.has(instanceId)) return "the SSM Agent hangs until the instance is rebooted";
    if (agent.sleep !== undefined && now < agent.sleep.untilMs)
      return `${agent.sleep.reason}; the SSM Agent sleeps before it tries again`;
    const broken = await this.#brokenLink(instanceId);
    if (broken !== undefined && agent.registeredAtMs === undefined) this.#putToSleep(agent, broken);
    return broken;
  }

  #brokenLink(instanceId: string): Promise<string | undefined> {
    const known = this.#links.get(instanceId) ?? this.#options.explainRegistration(instanceId);
    this.#links.set(instanceId, known);
    return known;
  }

  #putToSleep(agent: Agent, reason: string): void {
    const durationMs = agent.sleep === undefined ? FIRST_SLEEP_MS : agent.sleep.durationMs * 2;
    agent.sleep = { untilMs: this.#options.clock.now() + durationMs, durationMs, reason };
  }

  #ping(registeredAtMs: number, lostSinceMs: number | undefined): Pick<ManagedNode, "pingStatus" | "lastPingMs"> {
    const now = this.#options.clock.now();
    const reachedMs = lostSinceMs ?? now;
    const lastPingMs = reachedMs - ((reachedMs - registeredAtMs) % PING_INTERVAL_MS);
    const isMissed = lostSinceMs !== undefined && now - lostSinceMs >= PING_INTERVAL_MS;
    return { lastPingMs, pingStatus: isMissed ? "ConnectionLost" : "Online" };
  }
}
