// Leave for one resource to fail one check, with the reason beside it.
import type { TerraformResource } from "cdktf";

export interface CheckovException {
  /** Of the check: `CKV_AWS_144`. */
  readonly id: string;
  /** Why the resource is right as it is. */
  readonly reason: string;
}

/**
 * Writes the exceptions into the resource's metadata, `"//": { "checkov": { "skip": [...] } }`, which Terraform ignores.
 *
 * Checkov does not read it, since it knows no comments in JSON: `test/checkov/` does, and fails on an exception that
 * excuses nothing.
 */
export function exceptFromChecks(resource: TerraformResource, exceptions: readonly CheckovException[]): void {
  if (exceptions.length === 0) return;
  resource.addOverride(
    "//.checkov.skip",
    exceptions.map(({ id, reason }) => ({ id, comment: reason })),
  );
}
