// Decides whether Checkov's report is good enough: Checkov's own exit status is not, since it passes an unread file.

/** What Checkov's `-o json` says of one framework, as far as the gate reads it. */
export interface CheckovReport {
  /** `terraform_json` or `terraform_plan`; missing when Checkov found nothing to read. */
  readonly check_type?: string;
  readonly summary?: { readonly passed: number; readonly failed: number; readonly parsing_errors: number };
  readonly results?: { readonly failed_checks: readonly FailedCheck[] };
}

export interface FailedCheck {
  readonly check_id: string;
  /** `aws_s3_bucket.bucket`, or, from older checks, `resource.bucket`. */
  readonly resource: string;
  readonly check_name: string;
}

/** Leave for one resource to fail one check. */
export interface Exception {
  /** Terraform's address. */
  readonly address: string;
  readonly checkId: string;
  readonly reason: string;
}

export interface Expectation {
  readonly framework: "terraform_json" | "terraform_plan";
  /** As many checks as passed when this was last looked at: fewer means that something is not read any more. */
  readonly passedAtLeast: number;
  readonly exceptions: readonly Exception[];
}

/** A stack's JSON, as far as exceptions stand in it. */
export interface SynthesizedStack {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceWithExceptions>>>>;
}

interface ResourceWithExceptions {
  readonly "//"?: {
    readonly checkov?: { readonly skip?: readonly { readonly id: string; readonly comment: string }[] };
  };
}

/** Why the report is not good enough; none when it is. */
export function judge(report: CheckovReport, { framework, passedAtLeast, exceptions }: Expectation): string[] {
  const { summary, check_type: checkType } = report;
  if (summary === undefined || checkType !== framework)
    return [`Checkov has read nothing as ${framework}: it says ${JSON.stringify(checkType ?? "nothing")}`];
  const failed = report.results?.failed_checks ?? [];
  return [
    ...(summary.parsing_errors === 0 ? [] : [`Checkov could not parse ${summary.parsing_errors} file(s)`]),
    ...(summary.passed >= passedAtLeast
      ? []
      : [`only ${summary.passed} checks passed, where ${passedAtLeast} did: something is not read any more`]),
    ...(failed.length === summary.failed ? [] : [`${summary.failed} checks failed, and ${failed.length} are named`]),
    ...failed
      .filter((check) => !exceptions.some((exception) => excuses(exception, check)))
      .map(({ check_id, resource, check_name }) => `${check_id} failed: ${resource}: ${check_name}`),
    ...exceptions
      .filter((exception) => !failed.some((check) => excuses(exception, check)))
      .map(({ address, checkId }) => `${checkId} does not fail on ${address} any more: take its exception out`),
    ...exceptions
      .filter(({ reason }) => reason.trim() === "")
      .map(({ address, checkId }) => `the exception of ${address} from ${checkId} has no reason`),
  ];
}

/** The exceptions that the stack's resources carry in their metadata. */
export function exceptionsOf(stack: SynthesizedStack): Exception[] {
  return Object.entries(stack.resource ?? {}).flatMap(([type, resources]) =>
    Object.entries(resources).flatMap(([name, resource]) =>
      (resource["//"]?.checkov?.skip ?? []).map(({ id, comment }) => ({
        address: `${type}.${name}`,
        checkId: id,
        reason: comment,
      })),
    ),
  );
}

/** Names are unique in our stacks whatever the type, so `resource.bucket` can only be one. */
function excuses({ address, checkId }: Exception, { check_id, resource }: FailedCheck): boolean {
  const name = address.slice(address.indexOf(".") + 1);
  return check_id === checkId && (resource === address || resource === `resource.${name}`);
}
