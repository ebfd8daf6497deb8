// One scenario in two new processes, and its figures; a transfer whose digests differ is an error, not a figure.
import { median } from "../measure.ts";
import { ChildProgram } from "./child-program.ts";
import type { ClientReport, Destination, GatewayReport, Scenario } from "./scenario.ts";

export interface Figures {
  /** Megabytes (10^6 bytes) a second, of all connections together. */
  readonly rateMBs: number;
  /** Processor time of the client for 10^9 bytes. */
  readonly processorSecondsPerGB: number;
  readonly peakMiB: number;
  /** Jain's fairness index of what the connections had when the first was through: 1 if all had the same. */
  readonly fairness: number;
  /** Median. */
  readonly roundTripMs: number;
}

/** Who does a scenario's work. */
export interface Client {
  ask(question: { scenario: Scenario; destination: Destination }): Promise<unknown>;
  stop(): Promise<void>;
}

/** Ours, in a process of its own. */
export const ourClient = (root: string): Client => new ChildProgram(root, "bench/data-channel/client.ts");

/** @throws Error if what arrived is not what was sent */
export async function runScenario(root: string, scenario: Scenario, client = ourClient(root)): Promise<Figures> {
  const gateway = new ChildProgram(root, "bench/data-channel/gateway.ts");
  try {
    const destination = (await gateway.ask(scenario)) as Destination;
    const report = (await client.ask({ scenario, destination })) as ClientReport;
    const { digests } = (await gateway.ask("report")) as GatewayReport;
    checkDigests(scenario, report, digests);
    return figuresOf(scenario, report);
  } finally {
    await Promise.all([client.stop(), gateway.stop()]);
  }
}

function checkDigests({ name }: Scenario, client: ClientReport, gateway: readonly string[]): void {
  const differ = client.digests.filter((digest, index) => digest !== gateway[index]);
  if (differ.length > 0) throw new Error(`${name}: ${differ.length} connections brought other bytes than were sent`);
}

function figuresOf({ bytes, connections }: Scenario, report: ClientReport): Figures {
  const { durationMs, processorMs, peakMiB, shares, roundTripsMs } = report;
  const allBytes = bytes * Math.max(1, connections);
  return {
    rateMBs: allBytes / 1000 / durationMs,
    processorSecondsPerGB: processorMs / 1000 / (allBytes / 1e9),
    peakMiB,
    fairness: jainsIndex(shares),
    roundTripMs: median(roundTripsMs),
  };
}

/** (sum of x)² / (n · sum of x²). */
function jainsIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return (sum * sum) / (shares.length * squares);
}
