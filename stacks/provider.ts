// The AWS provider as all stacks have it.
import type { TerraformStack } from "cdktf";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider/index.js";
import type { Settings } from "./settings.ts";

/** Tags by which commands that heal an instance agree who reboots it; no plan is to take them away. */
const LEASE_TAGS = "isolated-bastion:healing:";

/** Adds the provider: the settings' Region, if they name one, and tags for everything. Credentials come from outside. */
export function addProvider(stack: TerraformStack, settings: Settings): void {
  const tags = { Application: settings.tag_application, Environment: settings.target_environment };
  new AwsProvider(stack, "aws_provider", {
    ...(settings.aws_region === undefined ? {} : { region: settings.aws_region }),
    defaultTags: [{ tags }],
    ignoreTags: [{ keyPrefixes: [LEASE_TAGS] }],
  });
}
