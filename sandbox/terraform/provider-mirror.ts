// Terraform's AWS provider from this computer: finds a mirror of the registry, and writes the CLI configuration for it.
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";

/** The version that the stacks ask for; a test compares the two. */
export const AWS_PROVIDER_VERSION = "5.100.0";

const PROVIDER = "registry.terraform.io/hashicorp/aws";

/** cdktf's cache looks like a mirror, but Terraform refuses to install from the folder that it caches into. */
const PLUGIN_CACHE = "plugin-cache";

/** Where add-on software is put on Linux and macOS; `~` is the person's home. A mirror is one of them or a folder in one. */
export const MIRROR_ROOTS: readonly string[] = [
  "~/.terraform.d",
  "~/.local/share/terraform",
  "~/Library/Application Support/io.terraform",
  "/Library/Application Support/io.terraform",
  "/usr/local/share/terraform",
  "/usr/local/share",
  "/usr/local/lib",
  "/usr/local",
  "/usr/share/terraform",
  "/usr/share",
  "/usr/lib",
  "/opt/homebrew/share",
  "/opt",
  "/srv",
];

export interface MirrorSearch {
  /** Of the process; TF_PLUGIN_MIRROR names the mirror and ends the search. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The person's home directory. */
  readonly home: string;
  /** Terraform's name of this computer's kind: `linux_amd64`. */
  readonly platform: string;
  /**
   * Folders to look in.
   *
   * @default MIRROR_ROOTS
   */
  readonly roots?: readonly string[];
}

/**
 * A folder made by `terraform providers mirror` that holds the AWS provider for this computer, or undefined: then
 * Terraform asks the registry.
 *
 * @throws UserError (exit status 66) when TF_PLUGIN_MIRROR names a folder that is none
 */
export function findProviderMirror({
  environment,
  home,
  platform,
  roots = MIRROR_ROOTS,
}: MirrorSearch): string | undefined {
  const named = environment["TF_PLUGIN_MIRROR"];
  if (named !== undefined && named !== "") {
    if (holdsProvider(named, platform)) return resolve(named);
    throw new UserError(
      `cannot use TF_PLUGIN_MIRROR: "${named}" holds no ${PROVIDER} ${AWS_PROVIDER_VERSION} for ${platform}`,
      {
        hint: `terraform providers mirror -platform=${platform} DIRECTORY, run in a synthesized stack, makes one; or unset TF_PLUGIN_MIRROR`,
        exitCode: ExitCode.NotFound,
      },
    );
  }
  return roots
    .map((root) => root.replace(/^~/, () => home))
    .flatMap((root) => [root, ...foldersIn(root)])
    .filter((folder) => basename(folder) !== PLUGIN_CACHE)
    .find((folder) => holdsProvider(folder, platform));
}

/** Terraform's name for a kind of computer, from Node's names: `terraformPlatform("darwin", "arm64")` is `darwin_arm64`. */
export function terraformPlatform(platform: NodeJS.Platform, architecture: string): string {
  return `${platform}_${architecture === "x64" ? "amd64" : architecture}`;
}

/**
 * The text of a file for TF_CLI_CONFIG_FILE: the AWS provider from the mirror, all others from the registry.
 *
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
 */
export function cliConfiguration(mirror: string): string {
  return `provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(mirror)}
    include = ["${PROVIDER}"]
  }
  direct {
    exclude = ["${PROVIDER}"]
  }
}
`;
}

/** A mirror holds each version packed, or unpacked in a folder of its own. */
function holdsProvider(folder: string, platform: string): boolean {
  const packed = `terraform-provider-aws_${AWS_PROVIDER_VERSION}_${platform}.zip`;
  return (
    existsSync(join(folder, PROVIDER, packed)) || existsSync(join(folder, PROVIDER, AWS_PROVIDER_VERSION, platform))
  );
}

/** Sorted, so that two runs find the same mirror; nothing where there is no such folder or it may not be read. */
function foldersIn(root: string): string[] {
  try {
    return readdirSync(root)
      .sort()
      .map((name) => join(root, name));
  } catch {
    return [];
  }
}
