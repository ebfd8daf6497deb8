// What may stand in `<environment>.tfvars.json`: each key, its type, its default and an example that works.
import { z } from "zod";
import { parseCidr } from "../network/cidr.ts";

/** Application and environment end up in IAM role names, which hold 64 characters with region and suffix. */
const MAX_APPLICATION_CHARACTERS = 20;
const MAX_ENVIRONMENT_CHARACTERS = 15;
const MAX_TARGET_NAME_CHARACTERS = 40;

/** Finishes the sentence `"key": value …`. */
const isNot = (what: string) => ({ error: `is not ${what}` });

const cidr = z.string().refine((text) => parseCidr(text) !== undefined, isNot("an IPv4 CIDR block"));

function label(maxCharacters: number): z.ZodString {
  const rule = `lower-case letters, digits and hyphens, begun by a letter, at most ${maxCharacters} characters`;
  return z
    .string()
    .regex(/^[a-z](-?[a-z0-9])*$/, isNot(rule))
    .max(maxCharacters, isNot(rule));
}

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, isNot('an AWS Region such as "eu-central-1"'));

const target = z.strictObject({
  name: label(MAX_TARGET_NAME_CHARACTERS),
  host: z.string().regex(/^(?!-)[A-Za-z0-9.-]{1,253}$/, isNot("a host name or an IPv4 address")),
  port: z.int(isNot("a whole number")).min(1, isNot("a port, 1 to 65535")).max(65_535, isNot("a port, 1 to 65535")),
  cidr: cidr.optional(),
  security_group_id: z
    .string()
    .regex(/^sg-[0-9a-f]{8,17}$/, isNot("the id of a security group"))
    .optional(),
});

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);

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

export const settingsSchema = z.strictObject({
  tag_application: label(MAX_APPLICATION_CHARACTERS).meta({
    description: "First part of every name, and the Application tag.",
    example: "sandbox",
  }),
  target_environment: label(MAX_ENVIRONMENT_CHARACTERS).optional().meta({
    description: "Second part of every name, and the Environment tag. Default: the first part of the file's name.",
    example: "dev",
  }),
  aws_region: region.optional().meta({
    description: "Where to deploy. Default: what AWS_REGION or the profile says.",
    example: "eu-central-1",
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
  ec2messages_endpoint: z.boolean().default(true).meta({
    description:
      "Whether to make the ec2messages endpoint. SSM Agents since 3.3.40 do without it, which saves a third of the endpoints' price.",
    example: true,
  }),
  instance_type: z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, isNot("an instance type"))
    .default("t3.nano")
    .meta({ description: "Size of the bastion; Graviton types (t4g.nano) get an arm64 image.", example: "t3.nano" }),
  image: z.enum(["al2023", "al2", "ubuntu"]).default("al2023").meta({
    description: "Amazon Linux 2023, Amazon Linux 2 (its support ended on 2026-06-30) or Ubuntu 24.04.",
    example: "al2023",
  }),
  ami_policy: z.enum(["latest", "pinned"]).default("latest").meta({
    description:
      "`latest` replaces the bastion when a newer image is out, which is how it gets its patches; `pinned` keeps the image it was made from.",
    example: "latest",
  }),
  bastion_count: z.int(isNot("a whole number")).min(1, isNot("1 or more")).default(1).meta({
    description: "How many bastions; they share a Name tag and are spread over the subnets.",
    example: 1,
  }),
  termination_protection: z.boolean().default(true).meta({
    description: "Whether the console and the API refuse to terminate it; `cdktf destroy` lifts this by itself.",
    example: true,
  }),
  bastion_host_policy: z
    .strictObject({ managed_policy_arns: z.array(policyArn).default([]), inline_policy: inlinePolicy.prefault({}) })
    .prefault({})
    .meta({
      description: "What the bastion itself may call beside Session Manager: managed policies, and one of your own.",
      example: { managed_policy_arns: [], inline_policy: {} },
    }),
  targets: z
    .array(target)
    .default([])
    .meta({
      description:
        "What the bastion may reach beside its endpoints: name, host, port, and a `cidr` or a `security_group_id`.",
      example: [{ name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" }],
    }),
  state_bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, isNot("the name of an S3 bucket"))
    .optional()
    .meta({
      description: "Bucket for Terraform's state, made by `npm run state-bucket`. STATE_BUCKET wins over it.",
      example: "sandbox-tfstate-111122223333-eu-central-1",
    }),
  state_key: z
    .string()
    .regex(/^[\w!.*'()/-]+$/, isNot("the key of an S3 object"))
    .optional()
    .meta({
      description:
        "Key of the state in that bucket. Default: `bastion/<application>-<file's environment>.tfstate`. STATE_KEY wins over it.",
      example: "bastion/sandbox-dev.tfstate",
    }),
  state_region: region.optional().meta({
    description: "The bucket's Region. Default: `aws_region`, else AWS_REGION. STATE_REGION wins over it.",
    example: "eu-central-1",
  }),
  state_access_log_bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, isNot("the name of an S3 bucket"))
    .optional()
    .meta({
      description: "An existing bucket that gets the state bucket's access log. Default: no access log.",
      example: "company-access-logs",
    }),
});

export type SettingsFile = z.infer<typeof settingsSchema>;
export type Target = z.infer<typeof target>;
export type PolicyStatement = z.infer<typeof policyStatement>;
/** Name of a setting, as it stands in the file. */
export type SettingKey = keyof SettingsFile;

/** The settings, checked and completed; construct props are filled from them. */
export interface Settings extends SettingsFile {
  readonly target_environment: string;
  readonly vpc_private_subnets: string[];
  readonly state_key: string;
}
