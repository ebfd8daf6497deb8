// What the SSM Agent calls, service by service: its role may, and the endpoints of these services pass it.

/** @see https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html */
export const AGENT_ACTIONS = {
  /** It tells that it is there. */
  ssm: ["ssm:UpdateInstanceInformation"],
  /** Sessions. */
  ssmmessages: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
  /** Commands and associations; agents before 3.3.40 ask there for sessions too. */
  ec2messages: [
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
  ],
} as const;
