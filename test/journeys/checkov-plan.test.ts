// Checkov on the plan: some checks see only what Terraform has worked out, IAM policies above all.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Checkov } from "../checkov/checkov.ts";
import { exceptionsOf, judge, type SynthesizedStack } from "../checkov/judge.ts";
import { Person } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";

/** Terraform, and on a first run the installation of Checkov. */
const LIMIT_MS = 300_000;
/** 96 passed on the day this was written: fewer means that something is not read any more. */
const PASSED_AT_LEAST = 96;

let sandbox: TestSandbox;
const person = new Person();

beforeAll(async () => {
  sandbox = await openTestSandbox();
}, OPEN_LIMIT_MS);

afterAll(async () => {
  await sandbox.close();
  person.leave();
});

it(
  "finds nothing without leave in the plan of the bastion",
  async () => {
    const { directory, deployment } = sandbox.shared;
    const workingDirectory = join(directory, "cdktf.out", "stacks", "bastion");
    const options = {
      workingDirectory,
      environment: { ...sandbox.environment(), ...deployment?.terraform },
      timeLimitMs: LIMIT_MS,
    };
    const file = join(person.home, "plan");
    // What does not change stands in a plan too, with all that is known of it.
    const planned = await person.run("terraform", ["plan", "-input=false", "-lock=false", `-out=${file}`], options);
    expect(planned.status).toBe(0);
    const shown = await person.run("terraform", ["show", "-json", file], options);
    writeFileSync(`${file}.json`, shown.stdout);

    const emptyDirectory = join(person.home, "empty");
    mkdirSync(emptyDirectory);
    const checkov = await Checkov.open(emptyDirectory);
    const stack = JSON.parse(readFileSync(join(workingDirectory, "cdk.tf.json"), "utf8")) as SynthesizedStack;
    const report = checkov.scanPlan(`${file}.json`);
    expect(
      judge(report, {
        framework: "terraform_plan",
        passedAtLeast: PASSED_AT_LEAST,
        exceptions: exceptionsOf(stack),
      }),
    ).toEqual([]);
  },
  LIMIT_MS,
);
