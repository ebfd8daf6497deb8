// Settings of what State Manager keeps up on tagged instances: EC2 Instance Connect, and a current SSM Agent.
import { z } from "zod";
import { isNot } from "../fields.ts";

const MOST_DAYS = 31;

const associations = z.strictObject({
  tag: z
    .string()
    .regex(/^(?!aws:)[\w\s.:/=+@-]{1,128}$/, isNot("the key of a tag"))
    .meta({ description: "Key of the tag that the instances have." }),
  values: z
    .array(z.string().min(1, isNot("the value of a tag")).max(256, isNot("the value of a tag")))
    .min(1, isNot("one value or more"))
    .meta({ description: "Values of that tag; an instance has one of them." }),
  ec2_instance_connect: z.boolean().default(true).meta({
    description:
      "Whether ec2-instance-connect is installed where an instance lacks it, from the instance's own repositories.",
  }),
  ssm_agent: z.boolean().default(true).meta({ description: "Whether the SSM Agent is kept current." }),
  interval_days: z
    .int(isNot("a whole number"))
    .min(1, isNot(`1 to ${MOST_DAYS} days, State Manager's range`))
    .max(MOST_DAYS, isNot(`1 to ${MOST_DAYS} days, State Manager's range`))
    .default(7)
    .meta({ description: "How often both are looked at.", unit: "days" }),
});

export const associationsSettings = {
  associations: associations.optional().meta({
    description:
      "What State Manager keeps up on tagged instances of the Region, the bastion too if it has the tag. Leave it out, and nothing runs on any.",
    example: { tag: "Application", values: ["billing"] },
  }),
};

export type Associations = z.infer<typeof associations>;
