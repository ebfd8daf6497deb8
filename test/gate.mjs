// The one gate: everything that must hold before a change lands. `npm test` runs all of it, `npm test -- unit` a part.
//
// Ends with a line `N passed, N failed` and fails when anything failed, or was skipped without leave.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const root = dirname(import.meta.dirname);
const inModules = (path) => join(root, "node_modules", path);

const jest = (...places) => ({
  command: [inModules("jest/bin/jest.js"), ...places.map((place) => `test/${place}`)],
  environment: {
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true", // its own switch, hides no other warning
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --experimental-vm-modules --disable-warning=ExperimentalWarning`,
  },
  kind: "jest",
});
const withEnvironment = (own, step) => ({ ...step, environment: { ...step.environment, ...own } });
const program = (...command) => ({ command, environment: {}, kind: "check" });
/** A program that ends with a line `N passed, N failed` of its own. */
const counted = (...command) => ({ command, environment: {}, kind: "counted" });

/** Begins with the first step and ends after the last: it waits for Terraform most of the time. */
const alongside = (step) => ({ ...step, isAlongside: true });

const steps = {
  types: program(inModules("typescript/bin/tsc"), "--noEmit"),
  lint: program(inModules("eslint/bin/eslint.js"), "--max-warnings", "0", "."),
  format: program(inModules("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn", "."),
  unit: jest("borders/", "harness/", "scripts/", "session-manager/", "stacks/", "sandbox/"),
  stacks: counted(join(root, "scripts", "launcher.mjs"), "test/checkov/main.ts"),
  journeys: jest("contracts/", "journeys/"),
  scenarios: alongside(jest("scenarios/")),
  // A part of the journeys, for a second run on another Node: the stack is deployed for it, and logged in to.
  "main-job": jest("journeys/connect.test.ts"),
  // The journeys have a minute of it.
  soak: withEnvironment({ SOAK_SECONDS: process.env.SOAK_SECONDS ?? "600" }, jest("journeys/tunnel-soak.test.ts")),
};
/** Parts of other steps, which run only when they are named. */
const onlyNamed = ["main-job", "soak"];

function run({ command, environment, isAlongside }, extraArguments = []) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...command, ...extraArguments], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", isAlongside ? "pipe" : "inherit"],
    });
    let output = "";
    const show = (chunk) => {
      if (!isAlongside) process.stdout.write(chunk);
      output += chunk;
    };
    child.stdout.on("data", show);
    child.stderr?.on("data", show);
    child.on("close", (code) => {
      if (isAlongside) process.stdout.write(output); // not between the lines of others
      resolve({ output, isGood: code === 0 });
    });
  });
}

async function runJest(step) {
  const directory = mkdtempSync(join(tmpdir(), "gate-"));
  const file = join(directory, "result.json");
  const { isGood } = await run(step, ["--json", `--outputFile=${file}`]);
  try {
    return summarizeJest(JSON.parse(readFileSync(file, "utf8")), isGood);
  } catch (error) {
    return { passed: 0, failed: 1, complaints: [`jest left no result: ${error.message}`] };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Skips that are allowed: title → reason. A skipped test that is not here fails the gate. */
const allowedSkips = new Map(
  Object.entries(JSON.parse(readFileSync(join(root, "test", "allowed-skips.json"), "utf8"))),
);

function summarizeJest(result, isGood) {
  const skipped = result.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status === "pending" || test.status === "todo")
      .map((test) => ({ title: test.fullName, file: relative(root, file.name) })),
  );
  for (const { title, file } of skipped)
    process.stdout.write(`skipped: ${file}: ${title}: ${allowedSkips.get(title) ?? "NOT ALLOWED"}\n`);
  const unlawful = skipped.filter(({ title }) => !allowedSkips.has(title));
  const brokenFiles = result.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  const failed = result.numFailedTests + brokenFiles + unlawful.length;
  return { passed: result.numPassedTests, failed: failed === 0 && !isGood ? 1 : failed };
}

function summarizeCounted({ output, isGood }) {
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(output.trim().split("\n").at(-1));
  if (counts === null) return { passed: 0, failed: 1 };
  const failed = Number(counts[2]);
  return { passed: Number(counts[1]), failed: failed === 0 && !isGood ? 1 : failed };
}

async function runStep(step) {
  if (step.kind === "jest") return runJest(step);
  const outcome = await run(step);
  if (step.kind === "counted") return summarizeCounted(outcome);
  return outcome.isGood ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in steps));
if (unknown.length > 0) {
  process.stderr.write(
    `gate: error: no step "${unknown.join('", "')}"\ngate: hint: steps are ${Object.keys(steps).join(", ")}\n`,
  );
  process.exit(64);
}

let passed = 0;
let failed = 0;
const story = [];
const all = Object.keys(steps).filter((name) => !onlyNamed.includes(name));
async function take(name) {
  const start = performance.now();
  const result = await runStep(steps[name]);
  passed += result.passed;
  failed += result.failed;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  story.push(
    `${result.failed === 0 ? "ok    " : "FAILED"} ${name.padEnd(9)} ${result.passed} passed, ${result.failed} failed, ${seconds} s`,
  );
}

const wanted = chosen.length > 0 ? chosen : all;
const beside = wanted.filter((name) => steps[name].isAlongside).map(take);
for (const name of wanted.filter((each) => !steps[each].isAlongside)) {
  process.stdout.write(`\n== ${name}\n`);
  await take(name);
}
await Promise.all(beside);
process.stdout.write(`\n${story.join("\n")}\n\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
