// What an endpoint's policy says of the SSM Agent's calls.
import { describe, expect, it } from "@jest/globals";
import { judgeEndpointPolicy } from "../../../scripts/doctor/endpoint-policy.ts";

const ROLE = "arn:aws:iam::123456789012:role/bastion";
const judge = (...Statement: object[]) =>
  judgeEndpointPolicy({ Version: "2012-10-17", Statement }, "ssm:UpdateInstanceInformation", ROLE);
const all = { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" };
const when = (operator: string, key: string, value: string | string[]) => ({
  ...all,
  Condition: { [operator]: { [key]: value } },
});

describe("judgeEndpointPolicy()", () => {
  it.each<[string, object[]]>([
    ["everything is allowed", [all]],
    ["the action is, by a wildcard and in other letters", [{ ...all, Action: ["s3:*", "SSM:Update*"] }]],
    ["the role is", [{ ...all, Principal: { AWS: ROLE } }]],
    ["its account is", [{ ...all, Principal: { AWS: ["arn:aws:iam::123456789012:root"] } }]],
    ["a condition names the role", [when("ArnEquals", "aws:PrincipalArn", ROLE)]],
    ["a condition names it by a wildcard", [when("ArnLike", "AWS:principalarn", ["x", "arn:aws:iam::*:role/bast*"])]],
    ["a condition names its account", [when("StringEquals", "aws:PrincipalAccount", "123456789012")]],
    ["another call is denied", [all, { ...all, Effect: "Deny", Action: "ssm:GetParameter" }]],
  ])("says allowed when %s", (_when, statements) => {
    expect(judge(...statements)).toBe("allowed");
  });

  it.each<[string, object[]]>([
    ["there is no statement", []],
    ["another action is allowed", [{ ...all, Action: "ssm:GetParameter" }]],
    ["another role is", [{ ...all, Principal: { AWS: `${ROLE}-other` } }]],
    ["a condition names another role", [when("ArnEquals", "aws:PrincipalArn", `${ROLE}-other`)]],
    ["a condition names another account", [when("StringEquals", "aws:PrincipalAccount", "210987654321")]],
    ["all is denied", [all, { ...all, Effect: "Deny" }]],
  ])("says refused when %s", (_when, statements) => {
    expect(judge(...statements)).toBe("refused");
  });

  it.each<[string, object[]]>([
    ["a condition asks for what is not known", [when("StringEquals", "aws:PrincipalOrgID", "o-1")]],
    ["a condition compares in a way that is not read", [when("StringNotEquals", "aws:PrincipalArn", ROLE)]],
    ["a denial has a condition", [all, { ...when("Bool", "aws:SecureTransport", "false"), Effect: "Deny" }]],
    ["the statement says what it is not about", [{ ...all, Action: undefined, NotAction: "s3:*" }]],
  ])("says nothing when %s", (_when, statements) => {
    expect(judge(...statements)).toBeUndefined();
  });

  it.each([undefined, null, "x", 7, [], { Statement: "x" }, { Statement: [null, 7] }])(
    "takes what is no policy for one that allows nothing: %j",
    (policy) => {
      expect(judgeEndpointPolicy(policy, "ssm:UpdateInstanceInformation", ROLE)).toBe("refused");
    },
  );

  it("is done at once with a policy of wildcards", () => {
    expect(judge({ ...all, Action: `${"*".repeat(2_000)}x` })).toBe("refused");
  });
});
