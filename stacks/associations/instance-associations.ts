// Associations of State Manager with tagged instances: what they are to have, looked at again every few days.
import { Construct } from "constructs";
import { SsmAssociation } from "@cdktf/provider-aws/lib/ssm-association/index.js";
import { INSTALL_EC2_INSTANCE_CONNECT } from "./install-script.ts";

export interface InstanceAssociationsProps {
  /** Begins the associations' names. */
  readonly name: string;
  /** Key of the instances' tag. */
  readonly tag: string;
  /** Values of the tag; an instance has one of them. */
  readonly values: readonly string[];
  /** Whether ec2-instance-connect is installed where it is not. */
  readonly installsEc2InstanceConnect: boolean;
  /** Whether the SSM Agent is kept current. */
  readonly updatesSsmAgent: boolean;
  /** How often, in days. */
  readonly intervalDays: number;
}

/** AWS's own documents, by what they are for. */
export const ASSOCIATION_DOCUMENTS = { script: "AWS-RunShellScript", agent: "AWS-UpdateSSMAgent" } as const;

export class InstanceAssociations extends Construct {
  constructor(scope: Construct, id: string, props: InstanceAssociationsProps) {
    super(scope, id);
    if (props.installsEc2InstanceConnect)
      this.#associate("ec2_instance_connect", props, {
        name: ASSOCIATION_DOCUMENTS.script,
        parameters: { commands: INSTALL_EC2_INSTANCE_CONNECT },
      });
    if (props.updatesSsmAgent) this.#associate("ssm_agent", props, { name: ASSOCIATION_DOCUMENTS.agent });
  }

  #associate(
    what: string,
    { name, tag, values, intervalDays }: InstanceAssociationsProps,
    document: { readonly name: string; readonly parameters?: Record<string, string> },
  ): void {
    new SsmAssociation(this, what, {
      ...document,
      associationName: `${name}-${what.replaceAll("_", "-")}`,
      targets: [{ key: `tag:${tag}`, values: [...values] }],
      scheduleExpression: intervalDays === 1 ? "rate(1 day)" : `rate(${intervalDays} days)`,
      // Some at a time, and no further when it goes wrong on the first ones.
      maxConcurrency: "10%",
      maxErrors: "10%",
    });
  }
}
