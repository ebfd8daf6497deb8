// Flow logs of a VPC: who spoke to whom, in an encrypted log group that is kept for a year.
import { Construct } from "constructs";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { EncryptionKey } from "../encryption-key.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import { policyDocument, type PolicyStatement } from "../policy-document.ts";

export interface FlowLogsProps {
  /** Where the log group is; key and role are opened to this account alone. */
  readonly account: AwsAccount;
  /** Begins the names of role, key and log group. */
  readonly name: string;
  /** The network that is logged. */
  readonly vpcId: string;
  /**
   * How long the records are kept, in days.
   *
   * @default 365
   */
  readonly retentionDays?: number;
}

export class FlowLogs extends Construct {
  constructor(scope: Construct, id: string, props: FlowLogsProps) {
    super(scope, id);
    const logGroupName = `/aws/vpc/flow-logs/${props.name}`;
    const key = new EncryptionKey(this, "key", {
      account: props.account,
      name: `${props.name}-flow-logs`,
      description: `Log group ${logGroupName}`,
      logGroupName,
    });
    const logGroup = new CloudwatchLogGroup(this, "log_group", {
      name: logGroupName,
      retentionInDays: props.retentionDays ?? 365,
      kmsKeyId: key.arn,
    });
    const role = new IamRole(this, "role", {
      name: `${props.name}-flow-logs-${props.account.region}`,
      description: `Writes the flow logs of ${props.name}`,
      assumeRolePolicy: policyDocument(this, "trust", [trustStatement(props.account)]),
    });
    const permission = new IamRolePolicy(this, "role_policy", {
      name: "write-flow-logs",
      role: role.name,
      policy: policyDocument(this, "write", writeStatements(props.account.arn("logs", `log-group:${logGroupName}`))),
    });
    new FlowLog(this, MAIN_RESOURCE, {
      vpcId: props.vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: logGroup.arn,
      iamRoleArn: role.arn,
      dependsOn: [permission],
      tags: { Name: props.name },
    });
  }
}

/** Only for flow logs of this account: else another account's flow log could borrow the role. */
function trustStatement(account: AwsAccount): PolicyStatement {
  return {
    Sid: "FlowLogsOfThisAccount",
    Effect: "Allow",
    Principal: { Service: "vpc-flow-logs.amazonaws.com" },
    Action: "sts:AssumeRole",
    Condition: {
      StringEquals: { "aws:SourceAccount": account.accountId },
      ArnLike: { "aws:SourceArn": account.arn("ec2", "vpc-flow-log/*") },
    },
  };
}

function writeStatements(logGroupArn: string): PolicyStatement[] {
  return [
    { Sid: "FindLogGroup", Effect: "Allow", Action: "logs:DescribeLogGroups", Resource: "*" },
    {
      Sid: "WriteFlowLogs",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: [logGroupArn, `${logGroupArn}:log-stream:*`],
    },
  ];
}
