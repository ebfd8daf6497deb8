// Settings of the network that the bastion stands in.
import { z } from "zod";
import { cidr, isNot, region } from "../fields.ts";

const idOf = (prefix: string, what: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), isNot(`the id of ${what}`));

const tags = z
  .record(z.string().min(1, isNot("the key of a tag")), z.string())
  .refine((record) => Object.keys(record).length > 0, isNot("one tag or more"));

const endpointId = idOf("vpce", "a VPC endpoint").optional();

const existingNetwork = z.strictObject({
  vpc_id: idOf("vpc", "a VPC").optional().meta({ description: "The VPC; this, or `vpc_tags`." }),
  vpc_tags: tags.optional().meta({ description: "Tags that this VPC has, and no other one." }),
  subnet_ids: z
    .array(idOf("subnet", "a subnet"))
    .min(1, isNot("one subnet or more"))
    .optional()
    .meta({ description: "The bastions' subnets, each in another zone; these, or `subnet_tags`." }),
  subnet_tags: tags.optional().meta({ description: "Tags that the bastions' subnets have, and no others of the VPC." }),
  endpoint_ids: z
    .strictObject({
      ssm: endpointId,
      ssmmessages: endpointId,
      ec2messages: endpointId,
      logs: endpointId,
      kms: endpointId,
      s3: endpointId,
    })
    .default({})
    .meta({
      description:
        "Endpoints that are there already, by service: `ssm`, `ssmmessages`, `ec2messages`, `logs`, `kms`, `s3`. AWS refuses a second one with the same private name.",
    }),
  create_endpoints: z.boolean().default(true).meta({
    description:
      "Whether to make the interface endpoints that `endpoint_ids` does not name. They take over their services' names for the whole VPC, so they serve all in it, and the whole account. `false`: calls leave by the VPC's own way to the internet.",
  }),
  open_endpoint_groups: z.boolean().default(false).meta({
    description:
      "Whether to add a rule to the existing endpoints' security groups that lets the bastion in. Without it the plan fails where no rule does.",
  }),
});

const subnets = z.array(cidr).min(1, isNot("one CIDR block or more")).optional();

export const networkSettings = {
  network: z.enum(["private-link", "nat", "public", "existing"]).default("private-link").meta({
    description:
      "How the bastion reaches Systems Manager: by interface endpoints, without any way out (`private-link`); by a NAT gateway (`nat`); by a public address, still without an inbound rule (`public`); or in a VPC that is there already (`existing`).",
    example: "private-link",
    costs:
      "about $22 a month for three endpoints in one zone; $36 with `nat`, $4 with `public`; and $1 for the key of its flow logs, which `existing` has none of",
  }),
  vpc_cidr: cidr.optional().meta({
    description:
      'The VPC\'s addresses, /16 to /28. Default: `"10.10.0.240/28"`, and with `nat` `"10.10.0.224/27"`, since it has two subnets.',
    example: "10.10.0.240/28",
  }),
  vpc_private_subnets: subnets.meta({
    description:
      "The bastions' subnets, each in a zone of its own. Default: one that takes the whole VPC, and with `nat` its upper half.",
    example: ["10.10.0.240/28"],
    costs: "$7.30 a month for each endpoint in each subnet with `private-link`",
  }),
  vpc_public_subnets: subnets.meta({
    description:
      "Subnets with a route to an internet gateway: the bastions' own with `public`, the NAT gateways' with `nat`, one for all or one for each private subnet. Default: one that takes the whole VPC, and with `nat` its lower half.",
    example: ["10.10.0.224/28"],
    costs: "$36.50 a month for each with `nat`: a NAT gateway and its address",
  }),
  existing_network: existingNetwork.optional().meta({
    description: "The VPC and the subnets that `existing` is about.",
    example: {
      vpc_id: "vpc-0123456789abcdef0",
      subnet_ids: ["subnet-0123456789abcdef0"],
      endpoint_ids: { ssm: "vpce-0123456789abcdef0", ssmmessages: "vpce-0123456789abcdef1" },
    },
  }),
  availability_zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, isNot('a zone such as "eu-central-1a"')))
    .min(1, isNot("a zone for each subnet"))
    .optional()
    .meta({
      description:
        "One zone for each of the bastions' subnets. Default: the first zones that offer the endpoints and the instance type, kept from then on.",
      example: ["eu-central-1a"],
    }),
  aws_region: region.optional().meta({
    description:
      "Where to deploy. Default: what AWS_REGION or the profile says; where both are there, they must agree.",
    example: "eu-central-1",
  }),
  ec2messages_endpoint: z.boolean().default(true).meta({
    description:
      "Whether to make the ec2messages endpoint. SSM Agents since 3.3.40 do without it: those of all current images, so not with `al2`.",
    example: true,
    costs: "$7.30 a month for each subnet, as each endpoint does",
  }),
};

export type ExistingNetworkSettings = z.infer<typeof existingNetwork>;
