// The data channel's bench: every scenario a few times in turn, medians; AWS's own client beside ours, if it is here.
import { median } from "../measure.ts";
import { isForPlugin, isPluginInstalled, PluginClient } from "./plugin.ts";
import { runScenario, type Figures } from "./run-scenario.ts";
import { scenarios, type Scenario } from "./scenario.ts";

/** What the plugin is given to send: it sleeps after each KiB, and 256 MiB would take it six minutes. */
const PLUGIN_UPLOAD_BYTES = 4 * 1024 * 1024;

/** One line of the bench. */
interface Entry {
  readonly name: string;
  readonly scenario: Scenario;
  readonly run: () => Promise<Figures>;
  readonly figures: Figures[];
}

function entriesOf(root: string, scenario: Scenario): Entry[] {
  const ours = { name: scenario.name, scenario, run: () => runScenario(root, scenario), figures: [] };
  if (!isForPlugin(scenario) || !isPluginInstalled(process.env["PATH"] ?? "")) return [ours];
  const theirs = { ...scenario, bytes: scenario.work === "upload" ? PLUGIN_UPLOAD_BYTES : scenario.bytes };
  const run = (): Promise<Figures> => runScenario(root, theirs, new PluginClient());
  return [ours, { name: `${scenario.name}, session-manager-plugin`, scenario, run, figures: [] }];
}

function inWords({ scenario: { work }, figures }: Entry): string {
  const middle = (figure: keyof Figures): number => median(figures.map((run) => run[figure]));
  const peak = `peak ${Math.max(...figures.map(({ peakMiB }) => peakMiB)).toFixed(0)} MiB`;
  if (work === "echo" || work === "bare echo") return `${middle("roundTripMs").toFixed(3)} ms, ${peak}`;
  const seconds = middle("processorSecondsPerGB");
  const processor = Number.isNaN(seconds) ? "" : `, ${seconds.toFixed(1)} s of processor a GB`;
  const fairness = middle("fairness") < 1 ? `, fairness ${middle("fairness").toFixed(3)}` : "";
  return `${middle("rateMBs").toFixed(2)} MB/s${processor}, ${peak}${fairness}`;
}

/** How much is measured. */
export interface DataChannelBench {
  /** The project's folder. */
  readonly root: string;
  readonly rounds: number;
  /** 1 is what docs/performance.md keeps; less transfers less. */
  readonly scale: number;
  /** Part of the names of the scenarios wanted; "" for all. */
  readonly only: string;
  readonly say: (line: string) => void;
}

/** Every scenario once a round, in turn, so that a machine that drifts drifts for all of them; then the medians. */
export async function benchDataChannel({ root, rounds, scale, only, say }: DataChannelBench): Promise<void> {
  const chosen = scenarios(scale).filter(({ name }) => name.includes(only));
  const entries = chosen.flatMap((scenario) => entriesOf(root, scenario));
  for (let round = 0; round < rounds; round++) {
    for (const { run, figures } of entries) figures.push(await run());
  }
  for (const entry of entries) say(`${entry.name}: ${inWords(entry)}`);
}
