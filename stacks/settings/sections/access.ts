// Settings of who may use the bastion, and of the OS users that they get there.
import { z } from "zod";
import { ACCESS_KINDS } from "../../access/bastion-access.ts";
import { isNot, label } from "../fields.ts";

const MAX_GROUP_NAME_CHARACTERS = 40;

const userName = z.string().regex(/^[\w+=,.@-]{1,64}$/, isNot("the name of an IAM user"));
const kind = z.enum(ACCESS_KINDS);

const group = z.strictObject({
  name: label(MAX_GROUP_NAME_CHARACTERS).meta({ description: "Part of the group's name in IAM." }),
  policies: z
    .array(kind.exclude(["targets"]))
    .default([])
    .meta({ description: "Policies that it has." }),
  targets: z.array(z.string()).default([]).meta({ description: "Targets that it may reach, each by its own policy." }),
  users: z
    .array(userName)
    .min(1, isNot("a list of at least one user"))
    .meta({ description: "Its members, all of them: IAM users of `access.users`, or others that are there." }),
});

const access = z.strictObject({
  by: z.enum(["tag", "instance"]).default("tag").meta({
    description:
      "`tag`: policies are about instances tagged `BastionAccess` = `<application>-<environment>`, as the bastion is; `instance`: about its ARN.",
  }),
  policies: z
    .array(kind)
    .default(["shell", "shell-and-ssh", "ssh", "tunnel", "reboot", "audit"])
    .meta({ description: "Managed policies to make; `targets` is a policy and a session document for each target." }),
  groups: z.array(group).default([]).meta({ description: "IAM groups to make." }),
  users: z.array(userName).default([]).meta({ description: "IAM users to make, without keys and password." }),
});

export const accessSettings = {
  access: access.optional().meta({
    description: "Managed policies for people, and groups and users that have them. Default: none.",
    example: {
      policies: ["shell", "ssh", "targets"],
      groups: [{ name: "developers", policies: ["shell"], users: ["ada"] }],
      users: ["ada"],
    },
  }),
  tunnel_user: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,30}$/, isNot("the name of an OS user"))
    .optional()
    .meta({
      description:
        "OS user for tunnels by ssh that can do nothing but forward to `targets`; made at the bastion's first start, so a change replaces the bastion.",
      example: "tunnel",
    }),
  ssm_user_sudo: z.boolean().default(true).meta({
    description:
      "Whether shells of Session Manager (`ssm-user`) may become root, as the SSM Agent has it. A change replaces the bastion.",
    example: false,
  }),
};

export type AccessSettings = z.infer<typeof access>;
export type AccessGroupSettings = z.infer<typeof group>;
