// `terraform validate`, with the provider from a mirror where there is one.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cliConfiguration, findProviderMirror, terraformPlatform } from "../../sandbox/terraform/provider-mirror.ts";

export class Terraform {
  readonly #environment: NodeJS.ProcessEnv;

  /** @param directory - for the CLI configuration file */
  constructor(directory: string) {
    const mirror = findProviderMirror({
      environment: process.env,
      home: homedir(),
      platform: terraformPlatform(process.platform, process.arch),
    });
    this.#environment = { ...process.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" };
    if (mirror === undefined) return;
    const file = join(directory, "terraform.rc");
    writeFileSync(file, cliConfiguration(mirror));
    this.#environment["TF_CLI_CONFIG_FILE"] = file;
  }

  /** Why Terraform refuses the stack; none when it does not. */
  problemsOf(stackDirectory: string): string[] {
    const steps = [
      ["init", "-backend=false", "-input=false", "-no-color"],
      ["validate", "-no-color"],
      ["fmt", "-check", "-diff", "-no-color"],
    ];
    for (const step of steps) {
      const { status, stdout, stderr, error } = spawnSync("terraform", step, {
        cwd: stackDirectory,
        env: this.#environment,
        encoding: "utf8",
      });
      if (status !== 0) return [`terraform ${step[0] ?? ""}: ${error?.message ?? (stderr.trim() || stdout.trim())}`];
    }
    return [];
  }
}
