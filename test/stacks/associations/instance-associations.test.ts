// Associations as Terraform gets them, and what the bastion may do where it is a target itself.
import { describe, expect, it } from "@jest/globals";
import { addresses, dataSource, resource, resources, synthesize } from "../synthesized.ts";

const FEATURES = "aws_iam_policy_document.bastion_role_features_document";
const ofOthers = synthesize({ associations: { tag: "Team", values: ["red", "blue"] } });
const ofBastion = synthesize({ associations: { tag: "Application", values: ["sandbox"], interval_days: 1 } });

describe("associations", () => {
  it("are made for the tag, with AWS's own documents", () => {
    expect(Object.keys(resources(ofOthers, "aws_ssm_association"))).toEqual([
      "association_ec2_instance_connect",
      "association_ssm_agent",
    ]);
    expect(resource(ofOthers, "aws_ssm_association.association_ssm_agent")).toMatchObject({
      name: "AWS-UpdateSSMAgent",
      association_name: "sandbox-dev-ssm-agent",
      targets: [{ key: "tag:Team", values: ["red", "blue"] }],
      schedule_expression: "rate(7 days)",
    });
    expect(resource(ofBastion, "aws_ssm_association.association_ec2_instance_connect")).toMatchObject({
      name: "AWS-RunShellScript",
      parameters: { commands: expect.stringContaining("dnf install -y ec2-instance-connect") },
      schedule_expression: "rate(1 day)",
    });
  });

  it("are as many as are asked for", () => {
    const one = synthesize({ associations: { tag: "Team", values: ["red"], ec2_instance_connect: false } });
    expect(Object.keys(resources(one, "aws_ssm_association"))).toEqual(["association_ssm_agent"]);
    expect(resources(synthesize(), "aws_ssm_association")).toEqual({});
  });

  it("give a bastion that is no target of theirs nothing", () => {
    const others = addresses(ofOthers).filter((address) => !address.startsWith("aws_ssm_association."));
    expect(others).toEqual(addresses(synthesize()));
    expect(() => dataSource(ofOthers, FEATURES)).toThrow("no data source");
  });

  it("give a bastion that is one Run Command's calls, and the two documents only", () => {
    const { statement } = dataSource(ofBastion, FEATURES) as {
      statement: { [key: string]: unknown; actions: string[]; resources: string[] }[];
    };
    expect(statement.map((each) => each["sid"]).sort()).toEqual([
      "AgentReleases",
      "Associations",
      "CommandQueue",
      "Documents",
      "ListAssociations",
    ]);
    const documents = statement.find(({ actions }) => actions.includes("ssm:GetDocument"));
    expect(documents?.resources.map((arn) => arn.replace(/.*:document/, "document"))).toEqual([
      "document/AWS-RunShellScript",
      "document/AWS-UpdateSSMAgent",
    ]);
    expect(statement.flatMap(({ actions }) => actions).filter((action) => action.includes("*"))).toEqual([]);
  });

  it("let a bastion that is one fetch the agent and packages of its image through S3's endpoint", () => {
    const [endpoint] = Object.values(resources(ofBastion, "aws_vpc_endpoint")).filter(
      ({ vpc_endpoint_type: type }) => type === "Gateway",
    );
    expect(String(endpoint?.["policy"])).toMatch(/al2023-repos-.*-de612dc2\/\*/);
    expect(String(endpoint?.["policy"])).toMatch(/amazon-ssm-/);
  });

  it.each([
    [{ tag: "Team", values: [] }, "one value or more"],
    [{ tag: "aws:x", values: ["a"] }, "the key of a tag"],
    [{ tag: "Team", values: ["a"], interval_days: 32 }, "1 to 31 days"],
    [{ tag: "Team", values: ["a"], ssm_agent: false, ec2_instance_connect: false }, "keep up nothing"],
  ])("%j are refused: %s", (associations, complaint) => {
    expect(synthesize({ associations })).toMatchObject({
      exitCode: 65,
      complaint: expect.stringContaining(complaint) as unknown,
    });
  });
});
