import { describe, expect, it } from "@jest/globals";
import type { Picture } from "../../../stacks/diagram/picture.ts";
import { readPicture } from "../../../stacks/diagram/read-picture.ts";
import { synthesize } from "../synthesized.ts";

function pictureOf(settings: object): Picture {
  const { complaint, json } = synthesize(settings);
  const picture = readPicture(json);
  if (picture === undefined) throw new Error(complaint);
  return picture;
}

/** Titles of what stands in the frames of this kind, or outside of all. */
function titlesIn(kind: "vpc" | "private-subnet" | "public-subnet" | "outside", picture: Picture): string[] {
  const frames = [picture.vpc, ...picture.subnets].filter((frame) => frame.kind === kind).map(({ id }) => id);
  const isThere = (frame: string | undefined) => (frame === undefined ? kind === "outside" : frames.includes(frame));
  return picture.things.filter(({ frame }) => isThere(frame)).map(({ lines }) => lines[0] ?? "");
}

/** `bastion > ssm: tcp 443` */
function arrowsOf({ things, arrows }: Picture): string[] {
  const nameOf = ({ thing: id, row: rowId }: { thing: string; row?: string }) => {
    const thing = things.find((each) => each.id === id);
    return thing?.rows.find((row) => row.id === rowId)?.text ?? thing?.lines[0] ?? `${id}, which is not there`;
  };
  return arrows.map(({ from, to, label }) => `${nameOf(from)} > ${nameOf(to)}: ${label}`).sort();
}

const BASTION = "sandbox-dev-bastion-host";
const target = { name: "orders", host: "10.20.0.7", port: 5432, cidr: "10.20.0.0/24" };

describe("readPicture()", () => {
  it("puts the bastion beside its endpoints, and lets it speak to them alone", () => {
    const picture = pictureOf({});
    expect(picture.vpc.lines).toEqual(["VPC", "10.10.0.240/28"]);
    expect(picture.subnets.map(({ lines }) => lines)).toEqual([["private subnet", "10.10.0.240/28", "zone 1"]]);
    expect(titlesIn("private-subnet", picture)).toEqual([BASTION, "interface endpoints"]);
    expect(titlesIn("outside", picture)).toEqual(["AWS"]);
    expect(arrowsOf(picture)).toEqual([
      "interface endpoints > AWS: PrivateLink",
      ...["ec2messages", "ssm", "ssmmessages"].map((service) => `${BASTION} > ${service}: tcp 443`),
    ]);
  });

  it("shows each target with its port, and the zones by their names", () => {
    const cache = { name: "cache", host: "cache.internal", port: 6379, security_group_id: "sg-0123456789abcdef0" };
    const picture = pictureOf({ targets: [target, cache], availability_zones: ["eu-central-1b"] });
    expect(picture.subnets[0]?.lines).toContain("eu-central-1b");
    expect(picture.things.find(({ lines }) => lines[0] === "cache")?.lines).toContain("sg-0123456789abcdef0");
    expect(arrowsOf(picture)).toEqual(
      expect.arrayContaining([`${BASTION} > orders: tcp 5432`, `${BASTION} > cache: tcp 6379`]),
    );
  });

  it("leads from a private subnet over the NAT gateway of a public one", () => {
    const picture = pictureOf({ network: "nat", vpc_cidr: "10.10.0.0/24" });
    expect(titlesIn("private-subnet", picture)).toEqual([BASTION]);
    expect(titlesIn("public-subnet", picture)).toEqual(["NAT gateway"]);
    expect(titlesIn("vpc", picture)).toEqual(["internet gateway"]);
    expect(arrowsOf(picture)).toEqual([
      "NAT gateway > internet gateway: 0.0.0.0/0",
      "internet gateway > AWS: internet",
      `${BASTION} > NAT gateway: tcp 443`,
    ]);
  });

  it("tells that a bastion with a public address lets nothing in", () => {
    const picture = pictureOf({ network: "public" });
    expect(picture.things[0]).toMatchObject({
      lines: [BASTION, "t3.nano", "public address", "nothing comes in"],
      frame: "aws_subnet.network_subnet_1",
    });
    expect(arrowsOf(picture)).toEqual([`internet gateway > AWS: internet`, `${BASTION} > internet gateway: tcp 443`]);
  });

  it("marks what was there before", () => {
    const picture = pictureOf({
      network: "existing",
      existing_network: {
        vpc_tags: { Name: "company" },
        subnet_tags: { Tier: "private" },
        endpoint_ids: { ssm: "vpce-0123456789abcdef0" },
      },
    });
    expect(picture.vpc).toMatchObject({ isExisting: true, lines: ["existing VPC", "Name=company"] });
    expect(picture.subnets).toMatchObject([{ isExisting: true, lines: ["existing subnet", "found by its tags"] }]);
    expect(titlesIn("vpc", picture)).toEqual(["existing endpoints"]);
    expect(arrowsOf(picture)).toContain(`${BASTION} > ssm: tcp 443`);
  });

  it("tells S3's gateway endpoint that was there before from the interface endpoints", () => {
    const existing_network = {
      vpc_id: "vpc-0123456789abcdef0",
      subnet_ids: ["subnet-0123456789abcdef0"],
      endpoint_ids: { ssm: "vpce-0123456789abcdef0", s3: "vpce-0123456789abcdef1" },
    };
    const picture = pictureOf({ network: "existing", existing_network, session_preferences: { s3_logs: true } });
    expect(titlesIn("vpc", picture)).toEqual(["existing endpoints", "existing S3 gateway endpoint"]);
    const boxes = picture.things.filter(({ frame }) => frame === picture.vpc.id);
    expect(boxes).toMatchObject([
      { isExisting: true, rows: [{ text: "ssm" }] },
      { isExisting: true, rows: [] },
    ]);
    expect(picture.things.at(-1)?.lines).toContain("S3");
    expect(arrowsOf(picture)).toEqual(
      expect.arrayContaining([
        `${BASTION} > existing S3 gateway endpoint: tcp 443`,
        "existing S3 gateway endpoint > AWS: ",
      ]),
    );
    expect(arrowsOf(picture).filter((arrow) => arrow.endsWith("> ssm: tcp 443"))).toHaveLength(1);
  });

  it("shows what features call: their endpoints, S3's gateway and the services behind", () => {
    const picture = pictureOf({ vpc_cidr: "10.10.0.0/26", session_preferences: { s3_logs: true } });
    expect(titlesIn("vpc", picture)).toEqual(["S3 gateway endpoint"]);
    expect(picture.things.at(-1)?.lines).toEqual(["AWS", "Systems Manager", "KMS", "CloudWatch Logs", "S3"]);
    expect(arrowsOf(picture)).toEqual(
      expect.arrayContaining(["S3 gateway endpoint", "kms", "logs"].map((end) => `${BASTION} > ${end}: tcp 443`)),
    );
  });

  it("gives each of two bastions the endpoints of its own subnet", () => {
    const subnets = ["10.10.0.0/26", "10.10.0.64/26"];
    const picture = pictureOf({ vpc_cidr: "10.10.0.0/24", vpc_private_subnets: subnets, bastion_count: 2 });
    const ends = picture.arrows.filter(({ kind }) => kind === "rule").map(({ from, to }) => [from.thing, to.thing]);
    expect([...new Set(ends.map((each) => each.join(" > ")))]).toEqual([
      "aws_instance.bastion_host_1 > endpoints in aws_subnet.network_subnet_1",
      "aws_instance.bastion_host_2 > endpoints in aws_subnet.network_subnet_2",
    ]);
  });

  it("has no picture of a stack without a network", () => {
    expect(readPicture({ resource: { aws_sns_topic: { audit: {} } } })).toBeUndefined();
  });
});
