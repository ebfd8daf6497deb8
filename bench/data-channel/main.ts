// The data channel's bench: every scenario a few times in turn, medians, and what was aimed at.
//
// node scripts/launcher.mjs bench/data-channel/main.ts [--rounds COUNT] [--scale FRACTION] [--only NAME]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../measure.ts";
import { runScenario, type Figures } from "./run-scenario.ts";
import { scenarios, type Scenario } from "./scenario.ts";

const root = join(import.meta.dirname, "..", "..");

function inWords({ work }: Scenario, runs: readonly Figures[]): string {
  const middle = (figure: keyof Figures): number => median(runs.map((run) => run[figure]));
  const peak = `peak ${Math.max(...runs.map(({ peakMiB }) => peakMiB)).toFixed(0)} MiB`;
  if (work === "echo" || work === "bare echo") return `${middle("roundTripMs").toFixed(3)} ms, ${peak}`;
  const processor = `${middle("processorSecondsPerGB").toFixed(1)} s of processor a GB`;
  const fairness = middle("fairness") < 1 ? `, fairness ${middle("fairness").toFixed(3)}` : "";
  return `${middle("rateMBs").toFixed(1)} MB/s, ${processor}, ${peak}${fairness}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      scale: { type: "string", default: "1" },
      only: { type: "string", default: "" },
    },
  });
  const chosen = scenarios(Number(values.scale)).filter(({ name }) => name.includes(values.only));
  const runs = new Map<Scenario, Figures[]>(chosen.map((scenario) => [scenario, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [scenario, figures] of runs) figures.push(await runScenario(root, scenario));
  }
  for (const [scenario, figures] of runs) process.stdout.write(`${scenario.name}: ${inWords(scenario, figures)}\n`);
}

void main();
