// A carrier that goes on: when one ends, the next is opened, and one whose end is near is replaced beforehand.
import type { Duplex } from "node:stream";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { Reporter } from "../command/reporter.ts";
import { untilAborted } from "../command/until-aborted.ts";
import type { Carrier, OpenCarrier } from "./carrier.ts";

export interface SteadyCarrierOptions {
  readonly open: OpenCarrier;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "say" | "warn" | "debug">;
  /** How long a session may serve new connections; undefined until it ends. */
  readonly renewAfterMs: number | undefined;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** A carrier in service, and the connections on it. */
class Service {
  readonly carrier: Carrier;
  readonly #connections = new Set<Duplex>();
  #isRetired = false;

  constructor(carrier: Carrier) {
    this.carrier = carrier;
  }

  async connect(destination: number): Promise<Duplex> {
    const connection = await this.carrier.connect(destination);
    this.#connections.add(connection);
    connection.once("close", () => {
      this.#connections.delete(connection);
      this.#closeWhenIdle();
    });
    return connection;
  }

  /** It takes no new connection, and ends with the last that it has. */
  retire(): void {
    this.#isRetired = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#isRetired && this.#connections.size === 0) void this.carrier.close();
  }
}

/** Connections made while none is in service wait for the next one. */
export class SteadyCarrier {
  readonly #options: SteadyCarrierOptions;
  readonly #closing = new AbortController();
  readonly #all = new Set<Carrier>();
  #service: Promise<Service>;

  private constructor(options: SteadyCarrierOptions, service: Service) {
    this.#options = options;
    this.#service = Promise.resolve(service);
    this.#keep(service);
  }

  /**
   * Opens the first one.
   *
   * @throws what opening it met
   */
  static async open(options: SteadyCarrierOptions): Promise<SteadyCarrier> {
    return new SteadyCarrier(options, new Service(await options.open(options.signal)));
  }

  /**
   * A connection on the carrier in service.
   *
   * @throws what the carrier met, or the signal's reason
   */
  async connect(destination: number, signal: AbortSignal): Promise<Duplex> {
    for (;;) {
      const promised = this.#service;
      const service = await untilAborted(promised, signal);
      try {
        return await service.connect(destination);
      } catch (error) {
        // One that has just ended may be found out by its last connection; then the next carrier is asked.
        if (this.#service === promised && !(await hasEnded(service.carrier))) throw error;
        signal.throwIfAborted();
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#all].map((carrier) => carrier.close()));
  }

  /** Sees to it that the service is replaced when it ends, or before. */
  #keep(service: Service): void {
    const { carrier } = service;
    const { clock, renewAfterMs } = this.#options;
    const cancel =
      renewAfterMs === undefined ? () => undefined : clock.schedule(renewAfterMs, () => void this.#renew(service));
    this.#all.add(carrier);
    void carrier.ended.then((reason) => {
      cancel();
      void carrier.close().then(() => this.#all.delete(carrier)); // close() waits for it until then
      void this.#replace(service, reason);
    });
  }

  async #replace(ended: Service, reason: string): Promise<void> {
    if (this.#isClosing || (await this.#service) !== ended) return;
    const { reporter } = this.#options;
    reporter.warn(`the tunnel's session has ended: ${reason}; opening a new one`);
    this.#service = this.#openUntilItSucceeds();
    this.#service.then(
      () => {
        reporter.say("the tunnel is up again");
      },
      () => undefined, // it was called off
    );
  }

  async #openUntilItSucceeds(): Promise<Service> {
    const { clock, reporter, open } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#closing.signal]);
    let told = "";
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      try {
        return await this.#serve(await open(signal));
      } catch (error) {
        signal.throwIfAborted();
        const met = error instanceof Error ? error.message : String(error);
        if (met !== told) reporter.warn(`cannot open a new session: ${met}; trying again`);
        else reporter.debug(`cannot open a new session: ${met}`);
        told = met;
      }
      await sleep(pauseMs, clock, signal);
    }
  }

  /** Make before break: the new one serves before the old one is retired; if there is no new one, the old one goes on. */
  async #renew(old: Service): Promise<void> {
    const { reporter, open } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#closing.signal]);
    if ((await this.#service) !== old || signal.aborted) return;
    try {
      const carrier = await open(signal);
      this.#service = this.#serve(carrier);
      old.retire();
      reporter.say("a new session serves new connections; those that are open stay on the old one");
    } catch (error) {
      reporter.debug(`cannot renew the session: ${String(error)}`);
    }
  }

  async #serve(carrier: Carrier): Promise<Service> {
    if (this.#isClosing) await carrier.close();
    const service = new Service(carrier);
    this.#keep(service);
    return service;
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted || this.#options.signal.aborted;
  }
}

/** Whether it has ended, or does so in a moment: what ends a connection may be heard of before what ended it. */
async function hasEnded({ ended }: Carrier): Promise<boolean> {
  const notYet = new Promise<false>((resolve) => {
    setImmediate(resolve, false);
  });
  return Promise.race([ended.then(() => true), notYet]);
}
