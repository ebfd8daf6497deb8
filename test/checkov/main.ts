// The gate of the stacks: Terraform accepts each, Checkov has read each and finds nothing without leave, and Checkov still
// finds what is wrong with a stack that is wrong. Ends with `N passed, N failed`.
//
// node scripts/launcher.mjs test/checkov/main.ts [--plan SCENARIO=FILE]...
// FILE is what `terraform show -json` says of a plan of that scenario.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { Checkov } from "./checkov.ts";
import { exceptionsOf, judge, type SynthesizedStack } from "./judge.ts";
import { scenarios, synthesize, type Scenario } from "./scenarios.ts";
import { Terraform } from "./terraform.ts";

interface Verdict {
  readonly title: string;
  readonly problems: readonly string[];
}

interface Tools {
  readonly terraform: Terraform;
  readonly checkov: Checkov;
  /** Scenario → file with its plan. */
  readonly plans: ReadonlyMap<string, string>;
}

const gateDirectory = import.meta.dirname;
const root = dirname(dirname(gateDirectory));
/** What Checkov must find in the known-bad stack: from the JSON itself, from the graph, and from an IAM policy. */
const KNOWN_BAD = ["CKV_AWS_8", "CKV_AWS_24", "CKV_AWS_79", "CKV_AWS_88", "CKV_AWS_110", "CKV2_AWS_5", "CKV2_AWS_41"];

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function* verdictsOn(scenario: Scenario, directory: string, { terraform, checkov, plans }: Tools): Generator<Verdict> {
  const stackDirectory = synthesize(scenario, directory);
  yield { title: `${scenario.name}: terraform validate`, problems: terraform.problemsOf(stackDirectory) };
  const exceptions = exceptionsOf(readJson(join(stackDirectory, "cdk.tf.json")) as SynthesizedStack);
  const { passedAtLeast } = scenario;
  const report = checkov.scanJson(stackDirectory);
  yield {
    title: `${scenario.name}: Checkov, ${report.summary?.passed ?? 0} checks passed, ${exceptions.length} excused`,
    problems: judge(report, { framework: "terraform_json", passedAtLeast, exceptions }),
  };
  const plan = plans.get(scenario.name);
  if (plan === undefined) return;
  const ofPlan = checkov.scanPlan(plan);
  yield {
    title: `${scenario.name}: Checkov on the plan, ${ofPlan.summary?.passed ?? 0} checks passed`,
    problems: judge(ofPlan, {
      framework: "terraform_plan",
      passedAtLeast: scenario.passedInPlanAtLeast ?? 1,
      exceptions,
    }),
  };
}

/** A gate that cannot fail is none: the same judge must refuse a bad stack and an empty folder. */
function* verdictsOnTheGate(checkov: Checkov, emptyDirectory: string): Generator<Verdict> {
  const expectation = { framework: "terraform_json", passedAtLeast: 0, exceptions: [] } as const;
  const bad = judge(checkov.scanJson(join(gateDirectory, "known-bad")), expectation);
  yield {
    title: `a known-bad stack is refused for ${KNOWN_BAD.length} reasons and more`,
    problems: KNOWN_BAD.filter((id) => !bad.some((problem) => problem.startsWith(`${id} failed`))).map(
      (id) => `${id} did not fail`,
    ),
  };
  const empty = judge(checkov.scanJson(emptyDirectory), expectation);
  yield { title: "an empty folder is refused", problems: empty.length > 0 ? [] : ["it passed"] };
}

async function* verdicts(plans: ReadonlyMap<string, string>, directory: string): AsyncGenerator<Verdict> {
  const emptyDirectory = join(directory, "empty");
  mkdirSync(emptyDirectory);
  const checkov = await Checkov.open(emptyDirectory, (detail) => process.stdout.write(`${detail}\n`));
  const tools = { terraform: new Terraform(directory), checkov, plans };
  const all = scenarios(readJson(join(root, "dev.tfvars.json")) as object);
  for (const unknown of [...plans.keys()].filter((name) => all.every((scenario) => scenario.name !== name)))
    yield { title: `--plan ${unknown}`, problems: [`scenarios are ${all.map(({ name }) => name).join(", ")}`] };
  for (const scenario of all) {
    yield* verdictsOn(scenario, directory, tools);
  }
  yield* verdictsOnTheGate(checkov, emptyDirectory);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { plan: { type: "string", multiple: true, default: [] } } });
  const plans = new Map(
    values.plan.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
  );
  const directory = mkdtempSync(join(tmpdir(), "stacks-gate-"));
  let passed = 0;
  let failed = 0;
  try {
    for await (const { title, problems } of verdicts(plans, directory)) {
      if (problems.length === 0) passed += 1;
      else failed += 1;
      const lines = [
        `${problems.length === 0 ? "ok    " : "FAILED"} ${title}`,
        ...problems.map((text) => `       ${text}`),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

void main().then((status) => (process.exitCode = status));
