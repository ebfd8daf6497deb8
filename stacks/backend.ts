// Where Terraform's state lives: S3 with a lock file beside the state, or, when asked for, a file in the project.
import { LocalBackend, S3Backend, type TerraformStack } from "cdktf";
import type { Environment } from "./settings.ts";
import type { Settings } from "./settings/schema.ts";
import { SettingsError } from "./settings/settings-error.ts";

/** One place for the state of one stack. */
export type StateBackend =
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly key: string;
      /** Without it Terraform takes AWS_REGION's or the profile's. */
      readonly region: string | undefined;
      /** Put the bucket's name in the path, not in the host name: what an endpoint of one's own understands. */
      readonly usePathStyle: boolean;
    }
  | { readonly kind: "local"; /** Relative to the folder of the synthesized stack. */ readonly path: string };

/** Where the state of one stack lies in either kind of backend. */
export interface StatePlace {
  /** Of the object in the bucket. */
  readonly key: string;
  /** Path of the file, relative to the folder of the synthesized stack. */
  readonly file: string;
}

/**
 * The backend that settings and environment name; the environment wins, so that a sandbox can never write to a real bucket.
 *
 * - STATE_BACKEND=local: a file in the project, for one person's trial and for `terraform validate`
 * - STATE_BUCKET, STATE_REGION: in place of the settings of the same names
 * - AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3: Terraform reads them itself; here they only switch path style on
 *
 * @throws SettingsError (exit status 65) when nobody names a bucket
 */
export function chooseBackend(settings: Settings, environment: Environment, place: StatePlace): StateBackend {
  const kind = environment["STATE_BACKEND"] ?? "s3";
  if (kind === "local") return { kind, path: place.file };
  if (kind !== "s3")
    throw new SettingsError("STATE_BACKEND", [
      { message: `${JSON.stringify(kind)} is not "s3" or "local"`, cure: "unset STATE_BACKEND" },
    ]);
  const bucket = environment["STATE_BUCKET"] ?? settings.state_bucket;
  if (bucket === undefined) throw noBucketError();
  return {
    kind: "s3",
    bucket,
    key: place.key,
    region: environment["STATE_REGION"] ?? settings.state_region ?? settings.aws_region,
    usePathStyle: environment["AWS_ENDPOINT_URL"] !== undefined || environment["AWS_ENDPOINT_URL_S3"] !== undefined,
  };
}

function noBucketError(): SettingsError {
  return new SettingsError("state_bucket", [
    {
      message: "no bucket is named for Terraform's state",
      cure: [
        "npm run state-bucket makes one and prints these lines for the settings file:",
        '  "state_bucket": "<its name>",',
        '  "state_region": "<its Region>",',
        "STATE_BUCKET=<name> names one for this once; STATE_BACKEND=local keeps the state in a file here",
      ].join("\n"),
    },
  ]);
}

/** Gives the stack its backend. */
export function keepStateIn(backend: StateBackend, stack: TerraformStack): void {
  switch (backend.kind) {
    case "local":
      new LocalBackend(stack, { path: backend.path });
      return;
    case "s3":
      // No `encrypt`: it would ask for S3's own keys and so pass over the bucket's KMS key.
      new S3Backend(stack, {
        bucket: backend.bucket,
        key: backend.key,
        ...(backend.region === undefined ? {} : { region: backend.region }),
        ...(backend.usePathStyle ? { usePathStyle: true } : {}),
      });
      // cdktf 0.21 has no property for it.
      stack.addOverride("terraform.backend.s3.use_lockfile", true);
      return;
    default:
      backend satisfies never;
  }
}
