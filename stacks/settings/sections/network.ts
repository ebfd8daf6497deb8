// Settings of the network that the bastion stands in.
import { z } from "zod";
import { cidr, isNot, region } from "../fields.ts";

export const networkSettings = {
  vpc_cidr: cidr.default("10.10.0.240/28").meta({
    description: "The VPC's addresses, /16 to /28.",
    example: "10.10.0.240/28",
  }),
  vpc_private_subnets: z
    .array(cidr)
    .min(1, isNot("one CIDR block or more"))
    .optional()
    .meta({
      description: "The subnets, each in a zone of its own. Default: one that takes the whole VPC.",
      example: ["10.10.0.240/28"],
    }),
  availability_zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, isNot('a zone such as "eu-central-1a"')))
    .min(1, isNot("a zone for each subnet"))
    .optional()
    .meta({
      description:
        "One zone for each subnet. Default: the first zones that offer the endpoints and the instance type, kept from then on.",
      example: ["eu-central-1a"],
    }),
  aws_region: region.optional().meta({
    description:
      "Where to deploy. Default: what AWS_REGION or the profile says; where both are there, they must agree.",
    example: "eu-central-1",
  }),
  ec2messages_endpoint: z.boolean().default(true).meta({
    description:
      "Whether to make the ec2messages endpoint. SSM Agents since 3.3.40 (all current images) do without it.",
    example: true,
    costs: "$7.30 a month for each subnet, as each endpoint does",
  }),
};
