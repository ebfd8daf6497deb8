// The order of things when bastions are renewed: one after the other, and none after something has failed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Program } from "../../../stacks/programs.ts";
import { rollBastions } from "../../../stacks/roll/roll-bastions.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "roll-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

interface Run {
  readonly exitCode: number;
  readonly said: string;
  readonly commands: readonly string[];
}

/** Runs it with programs that do what the real ones would; the one that `failing` matches does not. */
function roll(failing?: RegExp, settings: object = { tag_application: "sandbox" }): Run {
  writeFileSync(join(directory, "dev.tfvars.json"), JSON.stringify(settings));
  const commands: string[] = [];
  let said = "";
  const run = ({ command, environment }: Program): number => {
    const text = command.join(" ");
    commands.push(text);
    if (failing?.test(text) === true) return 7;
    if (text.includes("stacks/main.ts")) pretendSynthesis(String(environment["CDKTF_OUTDIR"]));
    return 0;
  };
  const environment = { STATE_BACKEND: "local" };
  const say = (text: string): unknown => (said += text);
  const exitCode = rollBastions({ directory, environment, deployOptions: ["--auto-approve"], run, say });
  return { exitCode, said, commands };
}

function pretendSynthesis(outputDirectory: string): void {
  const stack = join(outputDirectory, "stacks", "bastion");
  mkdirSync(stack, { recursive: true });
  const json = { resource: { aws_instance: { bastion_host_1: {}, bastion_host_2: {} }, aws_vpc: { network_vpc: {} } } };
  writeFileSync(join(stack, "cdk.tf.json"), JSON.stringify(json));
}

describe("rollBastions()", () => {
  it("replaces each bastion in an apply of its own, with the person's options as Terraform spells them", () => {
    expect(roll().commands).toEqual([
      "node --disable-warning=DEP0044 scripts/launcher.mjs stacks/main.ts",
      "terraform init -input=false -reconfigure",
      "terraform apply -replace=aws_instance.bastion_host_1 -auto-approve",
      "terraform apply -replace=aws_instance.bastion_host_2 -auto-approve",
    ]);
  });

  it("says which one it is at, and that its sessions end", () => {
    expect(roll().said).toContain("replacing bastion 2 of 2, aws_instance.bastion_host_2; sessions on it end\n");
  });

  it("leaves the second as it is when the first cannot be replaced", () => {
    const { exitCode, commands } = roll(/bastion_host_1/);
    expect(exitCode).toBe(7);
    expect(commands.at(-1)).toContain("bastion_host_1");
  });

  it.each([/main\.ts/, /init/])("replaces nothing when %s fails", (failing) => {
    const { exitCode, commands } = roll(failing);
    expect(exitCode).toBe(7);
    expect(commands.some((command) => command.includes("apply"))).toBe(false);
  });

  it("runs nothing with settings that cannot work", () => {
    expect(() => roll(undefined, {})).toThrow('"tag_application": is missing');
  });
});
