// Patches without a way to the internet: S3's endpoint passes Amazon's repositories, and no other bucket.
import { describe, expect, it } from "@jest/globals";
import { resource, resources, synthesize } from "../synthesized.ts";

const policyOf = (settings: object): { Statement: Record<string, unknown>[] } =>
  JSON.parse(String(resource(synthesize({ patching: true, ...settings }), "aws_vpc_endpoint.s3")["policy"])) as never;

describe("patching", () => {
  it.each([
    ["al2023", "al2023-repos-${data.aws_region.current_region.name}-de612dc2"],
    ["al2", "amazonlinux-2-repos-${data.aws_region.current_region.name}"],
  ])("of %s opens its bucket to requests without a signature, and nothing else", (image, bucket) => {
    expect(policyOf({ image }).Statement).toEqual([
      {
        Sid: "PublicObjects",
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: [`arn:\${data.aws_partition.current_partition.partition}:s3:::${bucket}/*`],
      },
    ]);
  });

  it("lets the bastion out to S3's addresses, and nowhere else that it did not reach before", () => {
    const rules = (settings: object): object => resources(synthesize(settings), "aws_vpc_security_group_egress_rule");
    const { bastion_group_to_s3: added, ...others } = rules({ patching: true }) as Record<string, object>;
    expect(added).toMatchObject({
      prefix_list_id: "${aws_vpc_endpoint.s3.prefix_list_id}",
      from_port: 443,
      to_port: 443,
    });
    expect(others).toEqual(rules({}));
  });

  it("gives the role nothing, because packages are fetched without a signature", () => {
    expect(resources(synthesize({ patching: true }), "aws_iam_role_policy")).not.toHaveProperty(
      "bastion_role_features",
    );
  });

  it("needs no endpoint where there is a way to the internet", () => {
    expect(resources(synthesize({ patching: true, network: "nat" }), "aws_vpc_endpoint")).toEqual({});
  });

  it("is refused for Ubuntu, whose packages are not in S3", () => {
    const { exitCode, complaint } = synthesize({ patching: true, image: "ubuntu" });
    expect(exitCode).toBe(65);
    expect(complaint).toContain('"patching": true has no use with "image": "ubuntu"');
    expect(complaint).toContain('stacks: hint: write "image": "al2023"');
  });
});
