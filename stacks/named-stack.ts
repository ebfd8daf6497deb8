// A Terraform stack whose resources have addresses that one can read in a plan.
import { TerraformElement, TerraformStack } from "cdktf";
import type { Node } from "constructs";

/** Id of the resource that a construct is mainly about: left out of the address, as in `aws_iam_role.bastion_role`. */
export const MAIN_RESOURCE = "resource";

/**
 * Addresses are the construct's path: `bastion_role/core` becomes `aws_iam_role_policy.bastion_role_core`.
 *
 * cdktf would add a hash, because two paths can give one name (`a_b/c`, `a/b_c`); here that is an error, even where the
 * types differ, because scanners leave the type out of their reports. Ids are constants, so it can only happen to
 * whoever writes the second one.
 */
export class NamedStack extends TerraformStack {
  readonly #paths = new Map<string, string>();

  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = TerraformElement.isTerraformElement(element) ? element.node : element;
    const steps = node.scopes
      .slice(node.scopes.indexOf(this) + 1)
      .map((scope) => scope.node.id)
      .filter((step) => step !== MAIN_RESOURCE);
    const name = steps.join("_").replaceAll(/[^A-Za-z0-9_]/g, "_");
    const taken = this.#paths.get(name);
    if (taken !== undefined && taken !== node.path)
      throw new TypeError(`"${node.path}" and "${taken}" would both have the address "${name}"`);
    this.#paths.set(name, node.path);
    return name;
  }
}
