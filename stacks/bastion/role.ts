// The bastion's role: the five actions that Session Manager takes, and what the settings add.
import { Construct } from "constructs";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import { policyDocument, type PolicyStatement } from "../policy-document.ts";
import { AGENT_ACTIONS } from "./agent-actions.ts";

/** Name of the inline policy with what features call; the proof of registration reads it by that name. */
export const FEATURES_POLICY = "features";

export interface BastionRoleProps {
  /** Where the bastion runs; the ARNs in its policies are built from it. */
  readonly account: AwsAccount;
  /** Name of role and profile; the Region is added, because IAM's names are one set for all Regions. */
  readonly name: string;
  /**
   * Managed policies beside the core.
   *
   * @default - none
   */
  readonly managedPolicyArns?: readonly string[];
  /**
   * What features take beside the core.
   *
   * @default - nothing
   */
  readonly featureStatements?: readonly PolicyStatement[];
  /**
   * Statements of the settings; `${…}` in them is IAM's, not Terraform's.
   *
   * @default - none
   */
  readonly statements?: readonly PolicyStatement[];
}

export class BastionRole extends Construct {
  /** Built from its name, so that policies that hold it are known at plan time. */
  readonly roleArn: string;
  readonly instanceProfileName: string;
  /** What must be attached before an agent starts. */
  readonly permissions: (IamRolePolicy | IamRolePolicyAttachment)[];

  constructor(scope: Construct, id: string, props: BastionRoleProps) {
    super(scope, id);
    const { account, managedPolicyArns = [], featureStatements = [], statements = [] } = props;
    const name = `${props.name}-${account.region}`;
    const role = new IamRole(this, MAIN_RESOURCE, {
      name,
      description: "Bastion: the SSM Agent's sessions",
      assumeRolePolicy: policyDocument(this, "trust", [
        { Sid: "Instances", Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
      ]),
    });
    const managed = new Construct(this, "managed");
    this.permissions = [
      this.#policy("core", role.name, coreStatements(account)),
      ...managedPolicyArns.map(
        (policyArn) => new IamRolePolicyAttachment(managed, attachmentId(policyArn), { role: role.name, policyArn }),
      ),
      ...(featureStatements.length === 0 ? [] : [this.#policy(FEATURES_POLICY, role.name, featureStatements)]),
      ...(statements.length === 0 ? [] : [this.#policy("added", role.name, statements.map(withIamVariables))]),
    ];
    this.roleArn = account.iamArn(`role/${name}`);
    this.instanceProfileName = new IamInstanceProfile(this, "profile", { name, role: role.name }).name;
  }

  #policy(id: string, role: string, statements: readonly PolicyStatement[]): IamRolePolicy {
    return new IamRolePolicy(this, id, { name: id, role, policy: policyDocument(this, `${id}_document`, statements) });
  }
}

/**
 * AmazonSSMManagedInstanceCore would add reading every parameter of the account, and Run Command.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
 */
function coreStatements(account: AwsAccount): PolicyStatement[] {
  return [
    {
      Sid: "AgentHeartbeat",
      Effect: "Allow",
      Action: AGENT_ACTIONS.ssm,
      Resource: account.arn("ec2", "instance/*"),
    },
    {
      Sid: "SessionChannels",
      Effect: "Allow",
      Action: AGENT_ACTIONS.ssmmessages,
      // IAM knows no narrower resource for these.
      Resource: "*",
    },
  ];
}

/** `${` and `%{` begin Terraform's own templates; the data source writes IAM's variables `&{aws:userid}`. */
function withIamVariables(statement: PolicyStatement): PolicyStatement {
  const text = JSON.stringify(statement).replaceAll("${", "&{").replaceAll("%{", "%%{");
  return JSON.parse(text) as PolicyStatement;
}

/** `arn:aws:iam::aws:policy/ReadOnlyAccess` has the id `aws-ReadOnlyAccess`, wherever it stands in the list. */
function attachmentId(policyArn: string): string {
  const [owner = "", path = ""] = policyArn.split(":").slice(4);
  return `${owner}-${path.split("/").slice(1).join("-")}`;
}
