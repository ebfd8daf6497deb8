// The order of things when the state bucket is made: deploy with a file, move the state, and never lose it between.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Program } from "../../../stacks/programs.ts";
import { deployStateBucket } from "../../../stacks/state/deploy-state-bucket.ts";

let directory: string;
let stateFile: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "state-bucket-"));
  stateFile = join(directory, "terraform.state-bucket.sandbox-dev.tfstate");
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

interface Run {
  readonly exitCode: number;
  readonly said: string;
  /** What was run, by what its environment says of the state. */
  readonly steps: readonly string[];
}

/** Runs it with programs that do what the real ones would; `failing` names the step that does not. */
function deploy(settings: object = {}, failing?: string): Run {
  writeFileSync(join(directory, "dev.tfvars.json"), JSON.stringify({ tag_application: "sandbox", ...settings }));
  const steps: string[] = [];
  let said = "";
  const run = ({ command, environment }: Program): number => {
    const step = ["deploy", "init", "state-bucket.ts"].find((word) => command.some((part) => part.endsWith(word)));
    const name = step === "state-bucket.ts" ? "synthesize" : String(step);
    steps.push(`${name} ${environment["STATE_BACKEND"] ?? "-"} ${environment["STATE_BUCKET"] ?? "-"}`);
    if (name === failing) return 7;
    if (name === "deploy") pretendDeploy(command, environment["STATE_BACKEND"]);
    return 0;
  };
  const context = { directory, environment: {}, deployOptions: ["--auto-approve"], run };
  const exitCode = deployStateBucket({ ...context, say: (text) => (said += text) });
  return { exitCode, said, steps };
}

function pretendDeploy(command: readonly string[], backend: string | undefined): void {
  const outputs = { state_bucket: "made", state_region: "eu-west-1", state_policy_arn: "arn:policy" };
  const file = command[command.indexOf("--outputs-file") + 1] ?? "";
  writeFileSync(file, JSON.stringify({ "state-bucket": outputs }));
  if (backend === "local") writeFileSync(stateFile, "state");
}

describe("deployStateBucket()", () => {
  it("deploys with the state in a file, then moves the state into the bucket it has made", () => {
    expect(deploy().steps).toEqual(["deploy local -", "synthesize s3 made", "init s3 made"]);
  });

  it("prints the lines to add to the settings, and takes the file away", () => {
    const { exitCode, said } = deploy();
    expect(said).toContain('\n  "state_bucket": "made",\n  "state_region": "eu-west-1",\n');
    expect(existsSync(stateFile)).toBe(false);
    expect(exitCode).toBe(0);
  });

  it("hands options on to cdktf", () => {
    let options: readonly string[] = [];
    writeFileSync(join(directory, "dev.tfvars.json"), '{"tag_application":"sandbox"}');
    deployStateBucket({
      directory,
      environment: {},
      deployOptions: ["--auto-approve"],
      run: ({ command }) => {
        options = command;
        return 1;
      },
      say: () => undefined,
    });
    expect(options).toEqual(expect.arrayContaining(["deploy", "--auto-approve"]));
  });

  it("deploys with the state in the bucket once the settings name it", () => {
    const { steps, exitCode } = deploy({ state_bucket: "made" });
    expect(steps).toEqual(["deploy - -"]);
    expect(exitCode).toBe(0);
  });

  it("goes on with the file when an earlier run was cut short, though the settings name the bucket by now", () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(stateFile, "state");
    expect(deploy({ state_bucket: "made" }).steps[0]).toBe("deploy local -");
  });

  it.each(["synthesize", "init"])("keeps the file, says so and fails when %s fails", (step) => {
    const { exitCode, said } = deploy({}, step);
    expect(existsSync(stateFile)).toBe(true);
    expect(said).toContain(`still in "${stateFile}": keep it, and run this again`);
    expect(exitCode).toBe(7);
  });

  it("moves nothing when the deployment fails", () => {
    expect(deploy({}, "deploy")).toMatchObject({ exitCode: 7, steps: ["deploy local -"] });
  });
});
