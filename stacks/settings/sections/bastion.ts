// Settings of the bastion itself: its names, its image and size, what it may reach and call.
import { z } from "zod";
import { cidr, isNot, label, oneOrMore } from "../fields.ts";

/** Application and environment end up in IAM role names, which hold 64 characters with region and suffix. */
const MAX_APPLICATION_CHARACTERS = 20;
const MAX_ENVIRONMENT_CHARACTERS = 15;
const MAX_TARGET_NAME_CHARACTERS = 40;

const target = z.strictObject({
  name: label(MAX_TARGET_NAME_CHARACTERS).meta({ description: "What people call it: `tunnel.ts --to NAME`." }),
  host: z
    .string()
    .regex(/^(?!-)[A-Za-z0-9.-]{1,253}$/, isNot("a host name or an IPv4 address"))
    .meta({ description: "Its name or address, as the bastion resolves it." }),
  port: z
    .int(isNot("a whole number"))
    .min(1, isNot("a port, 1 to 65535"))
    .max(65_535, isNot("a port, 1 to 65535"))
    .meta({ description: "Its TCP port." }),
  cidr: cidr.optional().meta({ description: "The addresses that it may have." }),
  security_group_id: z
    .string()
    .regex(/^sg-[0-9a-f]{8,17}$/, isNot("the id of a security group"))
    .optional()
    .meta({ description: "The security group that it has, in place of addresses." }),
});

const policyStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).optional(),
});

const inlinePolicy = z.strictObject({
  Version: z.literal("2012-10-17").optional(),
  Statement: z.array(policyStatement).default([]),
});

const policyArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/, isNot("the ARN of an IAM policy"));

export const bastionSettings = {
  tag_application: label(MAX_APPLICATION_CHARACTERS).meta({
    description:
      "First part of every name, and the Application tag. The bastion is `<application>-<environment>-bastion-host`.",
    example: "sandbox",
  }),
  target_environment: label(MAX_ENVIRONMENT_CHARACTERS).optional().meta({
    description: "Second part of every name, and the Environment tag. Default: the first part of the file's name.",
    example: "dev",
  }),
  instance_type: z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, isNot("an instance type"))
    .default("t3.nano")
    .meta({
      description: "Size of the bastion; Graviton types (t4g.nano) get an arm64 image.",
      example: "t3.nano",
      costs: "$3.80 a month for a t3.nano, $2.10 for its detailed monitoring and $0.64 for its volume of 8 GiB",
    }),
  image: z.enum(["al2023", "al2", "ubuntu"]).default("al2023").meta({
    description:
      "Amazon Linux 2023, Amazon Linux 2 (its support ended on 2026-06-30) or Ubuntu 24.04 (log in as `ubuntu@`).",
    example: "al2023",
  }),
  ami_policy: z.enum(["latest", "pinned"]).default("latest").meta({
    description:
      "`latest` replaces the bastion when a newer image is out, which is how it gets its patches; `pinned` keeps the image it was made from until `npm run roll` renews it.",
    example: "latest",
  }),
  patching: z.boolean().default(false).meta({
    description:
      "Whether the bastion may fetch Amazon Linux's packages, by an endpoint of S3 that passes their bucket and no other: `sudo dnf upgrade --releasever=latest` then works without a way to the internet.",
    example: true,
    costs: "nothing: S3's gateway endpoint is free",
  }),
  bastion_count: z.int(isNot("a whole number")).min(1, isNot("1 or more")).default(1).meta({
    description: "How many bastions; they share a Name tag and are spread over the subnets.",
    example: 1,
    costs: "as much again for each",
  }),
  termination_protection: z.boolean().default(true).meta({
    description: "Whether the console and the API refuse to terminate it; `cdktf destroy` lifts this by itself.",
    example: true,
  }),
  targets: z
    .array(target)
    .default([])
    .meta({
      description:
        "What the bastion may reach beside its endpoints: name, host, port, and a `cidr` or a `security_group_id`.",
      example: [{ name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" }],
    }),
  bastion_host_policy: z
    .strictObject({ managed_policy_arns: z.array(policyArn).default([]), inline_policy: inlinePolicy.prefault({}) })
    .prefault({})
    .meta({
      description: "What the bastion itself may call beside Session Manager: managed policies, and one of your own.",
      example: { managed_policy_arns: [], inline_policy: {} },
    }),
};

export type Target = z.infer<typeof target>;
export type PolicyStatement = z.infer<typeof policyStatement>;
