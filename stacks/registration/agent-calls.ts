// The calls that a bastion makes: those by which its SSM Agent registers and serves sessions, and those of features.
import { FEATURES_POLICY } from "../bastion/role.ts";
import { readStatements, type Call, type Condition } from "./policies.ts";
import type { Block, TerraformModel } from "./terraform-model.ts";

/** The calls to one service. */
export interface ServiceCalls {
  /** As it stands at the end of an endpoint's name. */
  readonly service: string;
  /** Whether the SSM Agent cannot register without them. */
  readonly isForSessions: boolean;
  readonly calls: readonly Call[];
}

/** @see AWS Systems Manager user guide: "Verify or add instance permissions for Session Manager" */
const AGENT_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  ssm: ["ssm:UpdateInstanceInformation"],
  // ec2messages is for Run Command, which sessions do without.
  ssmmessages: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
};

/** ARN of an instance that does not exist yet. */
const INSTANCE_ARN = "arn:<partition>:ec2:<region>:<account>:instance/i-0123456789abcdef0";

export function agentCalls(roleArn: string | undefined): ServiceCalls[] {
  return Object.entries(AGENT_ACTIONS).map(([service, actions]) => ({
    service,
    isForSessions: true,
    calls: actions.map((action) => ({
      action,
      resource: service === "ssm" ? INSTANCE_ARN : "*",
      roleArn,
      conditions: [],
    })),
  }));
}

/** What the features' policy of the role speaks of; a call that another service makes does not cross the network. */
export function featureCalls(role: Block, model: TerraformModel): ServiceCalls[] {
  const roleArn = model.roleArn(role);
  const calls = model
    .resources("aws_iam_role_policy")
    .filter(
      ({ arguments: { name, role: owner } }) => name === FEATURES_POLICY && model.text(owner) === nameOf(role, model),
    )
    .flatMap((policy) => readStatements(policy.arguments["policy"], model) ?? [])
    .filter(({ effect, conditions }) => effect === "Allow" && conditions.every(isDirect))
    .flatMap(({ actions, resources, conditions }) =>
      actions.flatMap((action) => resources.map((resource) => ({ action, resource, roleArn, conditions }))),
    );
  const services = new Set(calls.map(serviceOf));
  return [...services].map((service) => ({
    service,
    isForSessions: false,
    calls: calls.filter((call) => serviceOf(call) === service),
  }));
}

const isDirect = ({ key }: Condition): boolean => key !== "kms:viaservice";

const serviceOf = ({ action }: Call): string => action.split(":")[0] ?? "";

function nameOf(role: Block, model: TerraformModel): string {
  return model.text(role.arguments["name"]);
}
