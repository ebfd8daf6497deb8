// The network interface that an instance starts with, where it is a resource of its own: it has subnet, groups and address.
import { nestedBlocks, type Block, type TerraformModel } from "./terraform-model.ts";

/** The instance as it would be written if it made its interface itself: with `subnet_id` and `vpc_security_group_ids`. */
export function withPrimaryInterface(instance: Block, model: TerraformModel): Block {
  const found = primaryInterface(instance, model);
  if (found === undefined) return instance;
  const { subnet_id, security_groups: vpc_security_group_ids } = found.arguments;
  return { ...instance, arguments: { ...instance.arguments, subnet_id, vpc_security_group_ids } };
}

/** The public address that its interface has before it starts; not one that it is given afterwards. */
export function earlyAddress(instance: Block, model: TerraformModel): Block | undefined {
  const found = primaryInterface(instance, model);
  if (found === undefined) return undefined;
  return model
    .resources("aws_eip")
    .find(({ arguments: own }) => model.resource(own["network_interface"], "aws_network_interface") === found);
}

function primaryInterface(instance: Block, model: TerraformModel): Block | undefined {
  const first = nestedBlocks(instance.arguments["network_interface"]).find((each) => each["device_index"] === 0);
  return model.resource(first?.["network_interface_id"], "aws_network_interface");
}
