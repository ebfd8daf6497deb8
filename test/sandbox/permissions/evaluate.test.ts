// What IAM's rules say where the library behind them knows less than IAM: keys of an encryption context.
import { describe, expect, it } from "@jest/globals";
import { evaluateEndpointPolicy, type AuthorizationRequest } from "../../../sandbox/permissions/evaluate.ts";

const account = "123456789012";

function decrypt(context: AuthorizationRequest["context"]): AuthorizationRequest {
  return {
    principal: `arn:aws:sts::${account}:assumed-role/bastion/i-1`,
    action: "kms:Decrypt",
    resource: `arn:aws:kms:eu-central-1:${account}:key/00000000-0000-0000-0000-000000000000`,
    account,
    context: { "aws:PrincipalAccount": account, ...context },
  };
}

describe("the policy of KMS's endpoint", () => {
  const Condition = {
    StringLike: { "kms:EncryptionContext:aws:ssm:TargetId": "i-*" },
    StringEquals: { "aws:PrincipalAccount": account },
  };
  const Statement = { Effect: "Allow", Principal: "*", Action: "kms:Decrypt", Resource: "*", Condition };
  const policy = { name: "vpce-1", document: { Version: "2012-10-17", Statement: [Statement] } };

  it.each([
    ["an instance's data key", { "kms:EncryptionContext:aws:ssm:TargetId": "i-0123" }, "Allowed"],
    ["another thing's", { "kms:EncryptionContext:aws:ssm:TargetId": "mi-0123" }, "ImplicitlyDenied"],
    ["one without a context", {}, "ImplicitlyDenied"],
  ])("that lets data keys of instances pass is asked for %s", async (_name, context, verdict) => {
    await expect(evaluateEndpointPolicy(policy, decrypt(context as Record<string, string>))).resolves.toBe(verdict);
  });

  it("is none when it is no policy", async () => {
    const document = { Version: "2012-10-17", Statement: [{ Effect: "Perhaps", Action: "*", Resource: "*" }] };
    await expect(evaluateEndpointPolicy({ name: "vpce-1", document }, decrypt({}))).resolves.toBeUndefined();
  });
});
