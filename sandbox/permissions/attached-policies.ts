// The policies that IAM holds for a user or a role, read with few calls.
import {
  GetAccountAuthorizationDetailsCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  type AttachedPolicy,
  type GetAccountAuthorizationDetailsCommandOutput as Details,
  type GroupDetail,
  type IAMClient,
  type PolicyDetail,
  type RoleDetail,
  type UserDetail,
} from "@aws-sdk/client-iam";
import type { Policy } from "./evaluate.ts";

/** What decides on a principal's calls. */
export interface PrincipalPolicies {
  /** ARN of the user or the role: what `aws:PrincipalArn` holds. */
  readonly arn: string;
  /** `AIDA…` or `AROA…` */
  readonly uniqueId: string;
  /** Inline and attached; a user's groups' too. */
  readonly policies: readonly Policy[];
  /** The permissions boundary, if it has one. */
  readonly boundary: Policy | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** The policies of a user and its groups; undefined if there is no such user. */
export async function readUserPolicies(iam: IAMClient, userName: string): Promise<PrincipalPolicies | undefined> {
  const details = await iam.send(
    new GetAccountAuthorizationDetailsCommand({ Filter: ["User", "Group", "LocalManagedPolicy"] }),
  );
  const user = details.UserDetailList?.find(({ UserName }) => UserName === userName);
  if (user === undefined) return undefined;
  const groups = (details.GroupDetailList ?? []).filter(({ GroupName }) =>
    (user.GroupList ?? []).includes(GroupName ?? ""),
  );
  const inline = [...(user.UserPolicyList ?? []), ...groups.flatMap((group) => group.GroupPolicyList ?? [])];
  return gather({ iam, details, principal: user, uniqueId: user.UserId, inline, groups });
}

/** The policies of a role; undefined if there is no such role. */
export async function readRolePolicies(iam: IAMClient, roleName: string): Promise<PrincipalPolicies | undefined> {
  const details = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ["Role", "LocalManagedPolicy"] }));
  const role = details.RoleDetailList?.find(({ RoleName }) => RoleName === roleName);
  if (role === undefined) return undefined;
  const inline = role.RolePolicyList ?? [];
  return gather({ iam, details, principal: role, uniqueId: role.RoleId, inline, groups: [] });
}

interface Gathered {
  readonly iam: IAMClient;
  readonly details: Details;
  readonly principal: UserDetail | RoleDetail;
  readonly uniqueId: string | undefined;
  readonly inline: readonly PolicyDetail[];
  readonly groups: readonly GroupDetail[];
}

async function gather({ iam, details, principal, uniqueId, inline, groups }: Gathered): Promise<PrincipalPolicies> {
  const attached = [principal, ...groups].flatMap((each) => each.AttachedManagedPolicies ?? []);
  const arns = attached.flatMap((policy: AttachedPolicy) => policy.PolicyArn ?? []);
  const managed = await Promise.all(arns.map((arn) => managedPolicy(iam, details, arn)));
  const boundaryArn = principal.PermissionsBoundary?.PermissionsBoundaryArn;
  return {
    arn: principal.Arn ?? "",
    uniqueId: uniqueId ?? "",
    policies: [...inline.map(inlinePolicy), ...managed],
    boundary: boundaryArn === undefined ? undefined : await managedPolicy(iam, details, boundaryArn),
    tags: Object.fromEntries((principal.Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
  };
}

function inlinePolicy({ PolicyName = "", PolicyDocument = "" }: PolicyDetail): Policy {
  return { name: PolicyName, document: parseDocument(PolicyDocument) };
}

/** The account's own policies came with its details; AWS's, which are a thousand, are asked for one by one. */
async function managedPolicy(iam: IAMClient, details: Details, arn: string): Promise<Policy> {
  const own = details.Policies?.find((policy) => policy.Arn === arn);
  const document = own?.PolicyVersionList?.find((version) => version.IsDefaultVersion)?.Document;
  return { name: arn, document: parseDocument(document ?? (await defaultVersion(iam, arn))) };
}

async function defaultVersion(iam: IAMClient, arn: string): Promise<string> {
  const { Policy: policy } = await iam.send(new GetPolicyCommand({ PolicyArn: arn }));
  const { PolicyVersion } = await iam.send(
    new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: policy?.DefaultVersionId }),
  );
  return PolicyVersion?.Document ?? "";
}

/** IAM's answers hold documents URL-encoded (RFC 3986); an answer of moto's may hold the text itself. */
function parseDocument(text: string): unknown {
  return JSON.parse(text.trimStart().startsWith("{") ? text : decodeURIComponent(text));
}
