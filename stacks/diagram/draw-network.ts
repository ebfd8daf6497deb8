// From a settings file to the picture of its network, by way of what Terraform would get.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { bastionApp } from "../apps.ts";
import type { StackJson } from "../registration/terraform-model.ts";
import { runApp } from "../run-app.ts";
import { SettingsError, SettingsExitCode } from "../settings/settings-error.ts";
import { drawPicture } from "./draw-picture.ts";
import { readPicture } from "./read-picture.ts";

export const SETTINGS_SUFFIX = ".tfvars.json";

/**
 * The SVG's text; a number is the exit status of a synthesis that failed, and has said why.
 *
 * @throws SettingsError when the file is not named as settings are
 */
export async function drawNetwork(settingsFile: string, complain: (text: string) => void): Promise<string | number> {
  const name = basename(settingsFile);
  if (!name.endsWith(SETTINGS_SUFFIX)) {
    const message = `${JSON.stringify(settingsFile)} is not named as settings are`;
    throw new SettingsError("--settings", [{ message, cure: `name a file that ends in ${SETTINGS_SUFFIX}` }]);
  }
  const outputDirectory = mkdtempSync(join(tmpdir(), "diagram-"));
  try {
    const exitCode = runApp(bastionApp, {
      directory: dirname(settingsFile),
      // Nothing else of this computer's: the picture is the same wherever it is drawn.
      environment: { ENVIRONMENT: name.slice(0, -SETTINGS_SUFFIX.length), STATE_BACKEND: "local" },
      complain,
      outputDirectory,
    });
    if (exitCode !== 0) return exitCode;
    const json = readFileSync(join(outputDirectory, "stacks", bastionApp.id, "cdk.tf.json"), "utf8");
    const picture = readPicture(JSON.parse(json) as StackJson);
    if (picture !== undefined) return await drawPicture(picture);
    complain(`stacks: error: ${settingsFile}: its stack has no network to draw\n`);
    return SettingsExitCode.Data;
  } finally {
    rmSync(outputDirectory, { recursive: true });
  }
}
