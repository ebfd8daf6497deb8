// The calls by which an SSM Agent registers and serves sessions.

/** The services that it must reach; ec2messages is for Run Command. */
export const AGENT_SERVICES = ["ssm", "ssmmessages"] as const;

export type AgentService = (typeof AGENT_SERVICES)[number];

/** @see AWS Systems Manager user guide: "Verify or add instance permissions for Session Manager" */
export const AGENT_ACTIONS: Readonly<Record<AgentService, readonly string[]>> = {
  ssm: ["ssm:UpdateInstanceInformation"],
  ssmmessages: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
};
