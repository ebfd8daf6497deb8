// What a bastion needs to be a target of the associations itself: State Manager's calls, and where packages come from.
import type { AwsAccount } from "../aws-account.ts";
import { AGENT_ACTIONS } from "../bastion/agent-actions.ts";
import type { BastionFeature } from "../bastion/feature.ts";
import type { ImageName } from "../bastion/image.ts";
import { packageRepositories } from "../bastion/package-repositories.ts";
import type { PolicyStatement } from "../policy-document.ts";
import { ASSOCIATION_DOCUMENTS } from "./instance-associations.ts";

export interface AssociationsFeatureProps {
  /** Where the bastion runs. */
  readonly account: AwsAccount;
  /** Says which repositories ec2-instance-connect comes from. */
  readonly image: ImageName;
}

/** More than sessions take: whoever may send commands or make associations is root on an instance with this. */
export function associationsFeature({ account, image }: AssociationsFeatureProps): BastionFeature {
  const agentObjects = `arn:${account.partition}:s3:::amazon-ssm-${account.region}/*`;
  const { publicObjects = [] } = packageRepositories(image, account);
  return {
    statements: [
      ...commandStatements(account),
      { Sid: "AgentReleases", Effect: "Allow", Action: "s3:GetObject", Resource: agentObjects },
    ],
    publicObjects: [agentObjects, ...publicObjects],
  };
}

/** @see https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html */
function commandStatements(account: AwsAccount): PolicyStatement[] {
  return [
    {
      Sid: "CommandQueue",
      Effect: "Allow",
      Action: AGENT_ACTIONS.ec2messages,
      // IAM knows no narrower resource for these.
      Resource: "*",
    },
    {
      Sid: "Associations",
      Effect: "Allow",
      Action: [
        "ssm:DescribeAssociation",
        "ssm:ListInstanceAssociations",
        "ssm:PutComplianceItems",
        "ssm:UpdateInstanceAssociationStatus",
      ],
      Resource: [account.arn("ec2", "instance/*"), account.arn("ssm", "association/*")],
    },
    { Sid: "ListAssociations", Effect: "Allow", Action: "ssm:ListAssociations", Resource: "*" },
    {
      Sid: "Documents",
      Effect: "Allow",
      Action: ["ssm:DescribeDocument", "ssm:GetDocument"],
      Resource: Object.values(ASSOCIATION_DOCUMENTS).map(
        (name) => `arn:${account.partition}:ssm:${account.region}::document/${name}`,
      ),
    },
  ];
}
