// The stack of the isolated bastion: where its state lives, its provider, and what it tells whoever deploys it.
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keepStateIn } from "./backend.ts";
import { addBastionOutputs } from "./bastion-outputs.ts";
import { OS_USERS } from "./bastion/image.ts";
import { IsolatedBastion, type IsolatedBastionProps } from "./isolated-bastion.ts";
import { MAIN_RESOURCE, NamedStack } from "./named-stack.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";

export interface BastionStackProps extends StackProps, IsolatedBastionProps {}

export class BastionStack extends NamedStack {
  readonly bastion: IsolatedBastion;

  constructor(scope: Construct, id: string, props: BastionStackProps) {
    super(scope, id);
    const { settings, backend } = props;
    keepStateIn(backend, this);
    addProvider(this, settings);
    const bastion = new IsolatedBastion(this, MAIN_RESOURCE, props);
    this.bastion = bastion;
    const { instanceIds, name, account, accessPolicyArns } = bastion;
    const { partition, region } = account;
    addBastionOutputs(this, { instanceIds, name, osUser: OS_USERS[settings.image], partition, region });
    if (accessPolicyArns.size > 0)
      new TerraformOutput(this, "access_policy_arns", {
        value: Object.fromEntries(accessPolicyArns),
        description: "The managed policies for people, by kind of access",
      });
  }
}
