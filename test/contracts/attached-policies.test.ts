import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readRolePolicies, readUserPolicies } from "../../sandbox/permissions/attached-policies.ts";
import { MOTO_START_LIMIT_MS, startTestMoto, type TestMoto } from "../harness/moto.ts";

function allow(action: string): string {
  const statement = {
    Effect: "Allow",
    Action: action,
    Resource: "*",
    Condition: { StringLike: { "aws:userid": "*:ä+%" } },
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

function actionsOf(policies: readonly { readonly document: unknown }[]): string[] {
  const documents = policies.map(
    ({ document }) => document as { readonly Statement: readonly { readonly Action: string }[] },
  );
  return documents.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)).sort();
}

describe("readUserPolicies() and readRolePolicies(): the policies that moto holds", () => {
  let moto: TestMoto;

  async function createPolicy(name: string, action: string): Promise<string> {
    const created = await moto.iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: allow(action) }));
    return created.Policy?.Arn ?? "";
  }

  beforeAll(async () => {
    moto = await startTestMoto();
  }, MOTO_START_LIMIT_MS);

  afterAll(() => moto.close());

  it("of a user are inline, attached, and those of its groups", async () => {
    const { iam } = moto;
    const Tags = [{ Key: "team", Value: "blue" }];
    await iam.send(new CreateUserCommand({ UserName: "anna", Path: "/staff/", Tags }));
    await iam.send(
      new PutUserPolicyCommand({ UserName: "anna", PolicyName: "a", PolicyDocument: allow("ec2:RunInstances") }),
    );
    const attached = await createPolicy("attached", "ec2:StartInstances");
    await iam.send(new AttachUserPolicyCommand({ UserName: "anna", PolicyArn: attached }));
    await iam.send(new CreateGroupCommand({ GroupName: "staff" }));
    await iam.send(new CreateGroupCommand({ GroupName: "others" }));
    await iam.send(new AddUserToGroupCommand({ GroupName: "staff", UserName: "anna" }));
    await iam.send(
      new PutGroupPolicyCommand({ GroupName: "staff", PolicyName: "b", PolicyDocument: allow("ec2:StopInstances") }),
    );
    await iam.send(
      new PutGroupPolicyCommand({ GroupName: "others", PolicyName: "c", PolicyDocument: allow("s3:GetObject") }),
    );
    const ofGroup = await createPolicy("of-group", "ec2:RebootInstances");
    await iam.send(new AttachGroupPolicyCommand({ GroupName: "staff", PolicyArn: ofGroup }));

    const anna = await readUserPolicies(iam, "anna");
    expect(actionsOf(anna?.policies ?? [])).toEqual([
      "ec2:RebootInstances",
      "ec2:RunInstances",
      "ec2:StartInstances",
      "ec2:StopInstances",
    ]);
    expect(anna).toMatchObject({
      arn: "arn:aws:iam::123456789012:user/staff/anna",
      tags: { team: "blue" },
    });
  });

  it("of a role are inline and attached, AWS's own among them, in their default version", async () => {
    const { iam } = moto;
    const trust = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await iam.send(new CreateRoleCommand({ RoleName: "bastion", AssumeRolePolicyDocument: trust }));
    await iam.send(
      new PutRolePolicyCommand({ RoleName: "bastion", PolicyName: "a", PolicyDocument: allow("ec2:RunInstances") }),
    );
    const changed = await createPolicy("changed", "ec2:StartInstances");
    const PolicyDocument = allow("ec2:StopInstances");
    await iam.send(new CreatePolicyVersionCommand({ PolicyArn: changed, PolicyDocument, SetAsDefault: true }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "bastion", PolicyArn: changed }));
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    await iam.send(new AttachRolePolicyCommand({ RoleName: "bastion", PolicyArn }));

    const role = await readRolePolicies(iam, "bastion");
    const actions = actionsOf(role?.policies ?? []);
    expect(actions).toEqual(
      expect.arrayContaining(["ec2:RunInstances", "ec2:StopInstances", "ssm:UpdateInstanceInformation"]),
    );
    expect(actions).not.toContain("ec2:StartInstances");
    expect(role).toMatchObject({ boundary: undefined, uniqueId: expect.stringMatching(/^AROA/) });
  });

  it("of a role have a permissions boundary if it has one", async () => {
    const { iam } = moto;
    const trust = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    const PermissionsBoundary = await createPolicy("boundary", "ec2:DescribeVpcs");
    await iam.send(new CreateRoleCommand({ RoleName: "fenced", AssumeRolePolicyDocument: trust, PermissionsBoundary }));
    expect(await readRolePolicies(iam, "fenced")).toMatchObject({
      policies: [],
      boundary: { name: PermissionsBoundary, document: JSON.parse(allow("ec2:DescribeVpcs")) as object },
    });
  });

  it("are undefined for a name that IAM does not know", async () => {
    expect(await readUserPolicies(moto.iam, "nobody")).toBeUndefined();
    expect(await readRolePolicies(moto.iam, "nobody")).toBeUndefined();
  });
});
