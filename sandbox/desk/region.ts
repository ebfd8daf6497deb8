// The Region that the sandbox plays: the settings' own, since a stack that is deployed elsewhere would not be found.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** For settings that leave the Region to the environment. */
const DEFAULT_REGION = "eu-central-1";

/** `aws_region` of the settings; what else is wrong with them is synthesis's to say. */
export function settingsRegion(project: string, environmentName = "dev"): string {
  try {
    const settings = JSON.parse(readFileSync(join(project, `${environmentName}.tfvars.json`), "utf8")) as unknown;
    const { aws_region: region } = Object(settings) as { readonly aws_region?: unknown };
    return typeof region === "string" ? region : DEFAULT_REGION;
  } catch {
    return DEFAULT_REGION;
  }
}
