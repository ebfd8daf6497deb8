// Which Region a command works in, and which profile: flag, environment, profile, then the project's settings.
import { loadSharedConfigFiles } from "@smithy/core/config";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

export interface RegionSources {
  readonly regionFlag: string | undefined;
  readonly profileFlag: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly settings: { readonly region: string | undefined };
}

const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/;

/**
 * The Region, e.g. `eu-central-1`.
 *
 * `AWS_DEFAULT_REGION` counts too: the AWS CLI reads it, the SDK for JavaScript does not.
 *
 * @throws UserError (64) when nothing names one, or what is named cannot be one
 */
export async function resolveRegion(sources: RegionSources): Promise<string> {
  const { regionFlag, environment, settings } = sources;
  const region =
    regionFlag ??
    nonEmpty(environment["AWS_REGION"]) ??
    nonEmpty(environment["AWS_DEFAULT_REGION"]) ??
    (await profileSettings(resolveProfile(sources)))?.["region"] ??
    settings.region;
  if (region === undefined) {
    throw new UserError("no Region is named", {
      hint: "add --region eu-central-1, or set AWS_REGION",
      exitCode: ExitCode.Usage,
    });
  }
  if (REGION.test(region)) return region;
  throw new UserError(`cannot use Region ${quoted(region)}: no Region has such a name`, {
    hint: "Regions are named like eu-central-1; look at --region, AWS_REGION and the profile",
    exitCode: ExitCode.Usage,
  });
}

/** The profile that was named, by flag or environment. */
export function resolveProfile({
  profileFlag,
  environment,
}: Pick<RegionSources, "profileFlag" | "environment">): string | undefined {
  return profileFlag ?? nonEmpty(environment["AWS_PROFILE"]);
}

/** The lines of a profile in ~/.aws/config and ~/.aws/credentials; undefined when neither has it. */
export async function profileSettings(profile = "default"): Promise<Record<string, string | undefined> | undefined> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const [config, credentials] = [configFile[profile], credentialsFile[profile]];
  return config === undefined && credentials === undefined ? undefined : { ...credentials, ...config };
}

/** Names of all profiles, for suggestions. */
export async function profileNames(): Promise<string[]> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const names = [...Object.keys(configFile), ...Object.keys(credentialsFile)];
  return [...new Set(names)].filter((name) => !name.includes(".")); // "sso-session.x" and "services.x" are no profiles
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
