// Which instances a policy speaks of: those with a tag, or those with an id.
import type { AwsAccount } from "../aws-account.ts";
import type { PolicyStatement } from "../policy-document.ts";

type Condition = NonNullable<PolicyStatement["Condition"]>;

/** Key of the tag by which access is given. Whoever may set it gives access, so that belongs to administrators. */
export const ACCESS_TAG_KEY = "BastionAccess";

/** Instances, as a statement names them. */
export interface InstanceScope {
  readonly resources: readonly string[];
  readonly condition: Condition;
}

/**
 * All instances with this value of the tag, those of tomorrow too.
 *
 * Without `IfExists`: an instance that has no such tag is not meant.
 */
export function instancesByTag(account: AwsAccount, value: string): InstanceScope {
  return {
    resources: [account.arn("ec2", "instance/*")],
    condition: { StringEquals: { [`aws:ResourceTag/${ACCESS_TAG_KEY}`]: value } },
  };
}

/** These instances; a new bastion takes another deployment, which the same Terraform run is. */
export function instancesById(account: AwsAccount, instanceIds: readonly string[]): InstanceScope {
  return { resources: instanceIds.map((id) => account.arn("ec2", `instance/${id}`)), condition: {} };
}

/** Resource and condition of a statement about these instances, with what else it asks for. */
export function on(
  scope: InstanceScope,
  also: Condition = {},
): Required<Pick<PolicyStatement, "Resource" | "Condition">> {
  const operators = [...new Set([...Object.keys(scope.condition), ...Object.keys(also)])];
  const condition = operators.map((operator) => [operator, { ...scope.condition[operator], ...also[operator] }]);
  return { Resource: scope.resources, Condition: Object.fromEntries(condition) as Condition };
}
