// Lets people forward ports through the bastion, and denies them ssh as anybody who could do more.
import type { Construct } from "constructs";
import type { AwsAccount } from "../aws-account.ts";
import type { PolicyStatement } from "../policy-document.ts";
import { AccessPolicy, find, keepSessions, pushKeys, startSessions, type AccessPolicyProps } from "./access-policy.ts";
import { on } from "./instance-scope.ts";
import { ownDocumentArn, portDocumentArns, sshDocumentArn } from "./session-documents.ts";

export interface TunnelPolicyProps extends AccessPolicyProps {
  /**
   * Names of the account's own documents that lead to one target each.
   *
   * @default - none
   */
  readonly documentNames?: readonly string[];
  /**
   * OS user that can do nothing but forward to targets, and as whom ssh is let in.
   *
   * @default - no ssh at all
   */
  readonly tunnelUser?: string | undefined;
}

export class TunnelPolicy extends AccessPolicy {
  constructor(scope: Construct, id: string, props: TunnelPolicyProps) {
    const { account, documentNames = [], tunnelUser } = props;
    const own = documentNames.map((name) => ownDocumentArn(account, name));
    const ssh = tunnelUser === undefined ? [] : [sshDocumentArn(account)];
    super(scope, id, {
      name: props.name,
      description: `Forwards ports through the bastion; ssh only as ${tunnelUser ?? "nobody"}`,
      statements: [
        ...findDatabases(account),
        ...startSessions(props, [...portDocumentArns(account), ...own, ...ssh], { opensShells: false }),
        ...(tunnelUser === undefined ? [] : pushKeys(props, undefined)),
        denyOtherKeys(props),
        ...keepSessions(props),
      ],
    });
  }
}

/** Finds databases by name, and says which security group is in the way. */
export function findDatabases(account: AwsAccount): PolicyStatement[] {
  return [
    find("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"),
    {
      Sid: "FindDatabases",
      Effect: "Allow",
      // A cluster tells the name of its subnet group only; the group tells its VPC.
      Action: ["rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeDBSubnetGroups"],
      Resource: [account.arn("rds", "cluster:*"), account.arn("rds", "db:*"), account.arn("rds", "subgrp:*")],
    },
  ];
}

/** ssh forwards anywhere, the instance's metadata included, and a port session reaches sshd as well: so no key gets in. */
function denyOtherKeys({ instances, tunnelUser }: TunnelPolicyProps): PolicyStatement {
  return {
    Sid: "NoOtherKeys",
    Effect: "Deny",
    Action: "ec2-instance-connect:SendSSHPublicKey",
    ...on(instances, tunnelUser === undefined ? {} : { StringNotEquals: { "ec2:osuser": tunnelUser } }),
  };
}
