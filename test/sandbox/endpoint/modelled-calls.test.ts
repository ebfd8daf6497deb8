// The fate of each call; docs/sandbox.md is held to the same lists by a border test.
import { describe, expect, it } from "@jest/globals";
import { fateOf } from "../../../sandbox/endpoint/modelled-calls.ts";

describe("fateOf()", () => {
  it.each([
    ["ssm", "StartSession", "own"],
    ["ssm", "GetParameter", "moto"],
    ["ssm", "SendCommand", "refused"],
    ["ec2", "DescribeInstances", "moto"],
    ["ec2", "GetConsoleOutput", "own"],
    ["ec2-instance-connect", "SendSSHPublicKey", "own"],
    ["ec2-instance-connect", "SendSerialConsoleSSHPublicKey", "refused"],
    ["ssmmessages", "POST /v1/control-channel/i-0", "refused"],
    ["ec2messages", "GetMessages", "refused"],
    ["sts", "GetFederationToken", "refused"],
    ["sts", "AssumeRole", "moto"],
    ["rds", "CreateDBInstance", "moto"],
  ])("of %s:%s is %s", (service, operation, fate) => {
    expect(fateOf(service, operation)).toBe(fate);
  });
});
