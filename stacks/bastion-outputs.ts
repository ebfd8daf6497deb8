// What `cdktf deploy` prints at its end: who the bastion is and how to get in.
import { Fn, TerraformOutput, type TerraformStack } from "cdktf";

/** Host names of the console; GovCloud and China have their own. */
const CONSOLES = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
};

export interface BastionOutputsProps {
  /** The bastions, one console link each. */
  readonly instanceIds: readonly string[];
  /** The bastions' Name tag. */
  readonly name: string;
  /** Who logs in. */
  readonly osUser: string;
  /** Decides which console. */
  readonly partition: string;
  /** Where they run. */
  readonly region: string;
}

/** Adds the outputs to the stack; their ids are what `terraform output` calls them. */
export function addBastionOutputs(stack: TerraformStack, props: BastionOutputsProps): void {
  const { instanceIds, name, osUser, partition, region } = props;
  const console = `https://${region}.${Fn.lookup(CONSOLES, partition, CONSOLES.aws)}`;
  // Commands log in as ec2-user unless told otherwise.
  const destination = osUser === "ec2-user" ? name : `${osUser}@${name}`;
  new TerraformOutput(stack, "instance_ids", { value: instanceIds, description: "The bastions" });
  new TerraformOutput(stack, "instance_name", { value: name, description: "Their Name tag" });
  new TerraformOutput(stack, "connect_command", {
    value: `./scripts/connect.ts ${destination} my_key`,
    description: "Logs in; makes the key pair my_key the first time",
  });
  new TerraformOutput(stack, "session_manager_urls", {
    value: instanceIds.map((id) => `${console}/systems-manager/session-manager/${id}?region=${region}`),
    description: "A shell in the browser, by Session Manager",
  });
  new TerraformOutput(stack, "instance_connect_urls", {
    value: instanceIds.map((id) => `${console}/ec2/home?region=${region}#ConnectToInstance:instanceId=${id}`),
    description: "The console's page of EC2 Instance Connect",
  });
}
