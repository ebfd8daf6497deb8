// Which calls the sandbox answers itself, which it hands on to moto, and which it refuses; docs/sandbox.md lists the same.

export type Fate = "own" | "moto" | "refused";

/** Answered by the sandbox: moto has them not, or only as if. */
export const OWN_CALLS = [
  "cloudtrail:LookupEvents",
  "ec2:GetConsoleOutput",
  "ec2-instance-connect:SendSSHPublicKey",
  "iam:SimulatePrincipalPolicy",
  "ssm:DescribeInstanceInformation",
  "ssm:DescribeSessions",
  "ssm:GetConnectionStatus",
  "ssm:ResumeSession",
  "ssm:StartSession",
  "ssm:TerminateSession",
  "ssmmessages:OpenDataChannel",
] as const;

export type OwnCall = (typeof OWN_CALLS)[number];

/** Of these services nothing goes to moto but what stands in `HANDED_ON`: it answers "ok" to what it does not do. */
export const OWN_SERVICES = ["ec2-instance-connect", "ec2messages", "ssm", "ssmmessages"] as const;

/** Parameter Store, documents, associations and tags, which moto keeps, mended or not. */
export const HANDED_ON = [
  "ssm:AddTagsToResource",
  "ssm:CreateAssociation",
  "ssm:CreateDocument",
  "ssm:DeleteAssociation",
  "ssm:DeleteDocument",
  "ssm:DeleteParameter",
  "ssm:DeleteParameters",
  "ssm:DescribeAssociation",
  "ssm:DescribeDocument",
  "ssm:DescribeDocumentPermission",
  "ssm:DescribeParameters",
  "ssm:GetDocument",
  "ssm:GetParameter",
  "ssm:GetParameterHistory",
  "ssm:GetParameters",
  "ssm:GetParametersByPath",
  "ssm:LabelParameterVersion",
  "ssm:ListAssociations",
  "ssm:ListDocuments",
  "ssm:ListTagsForResource",
  "ssm:ModifyDocumentPermission",
  "ssm:PutParameter",
  "ssm:RemoveTagsFromResource",
  "ssm:UpdateAssociation",
  "ssm:UpdateDocument",
  "ssm:UpdateDocumentDefaultVersion",
] as const;

/** moto answers it with the same made-up key for everybody, which nobody could sign with. */
export const REFUSED = ["sts:GetFederationToken"] as const;

/** Every other call goes to moto. */
export function fateOf(service: string, operation: string): Fate {
  const call = `${service}:${operation}`;
  if (isIn(OWN_CALLS, call)) return "own";
  if (isIn(HANDED_ON, call)) return "moto";
  return isIn(OWN_SERVICES, service) || isIn(REFUSED, call) ? "refused" : "moto";
}

function isIn(list: readonly string[], call: string): boolean {
  return list.includes(call);
}
