// Settings of the audit: who is told of sessions and keys, and whether a trail keeps the record.
import { z } from "zod";
import { bucketName, isNot, retentionDays } from "../fields.ts";

const trail = z.strictObject({
  retention_days: retentionDays.meta({
    description: "How long the log files are locked, and then deleted; and how long the log group keeps them.",
    unit: "days",
  }),
  access_log_bucket: bucketName.optional().meta({
    description: "An existing bucket that gets the access log of the trail's bucket. Default: no access log.",
  }),
});

const audit = z.strictObject({
  subscribers: z
    .array(z.email(isNot("an e-mail address")))
    .default([])
    .meta({ description: "E-mail addresses that are told of each session and key; each must confirm once." }),
  trail: trail.optional().meta({
    description:
      "A trail of its own in all Regions, with files in a locked bucket. Leave it out where the account has a trail, which EventBridge needs; `{}` makes one.",
    costs: "$2 for each 100,000 calls where it is not the account's first trail",
  }),
});

export const auditSettings = {
  audit: audit.optional().meta({
    description:
      "Tells a topic of each session and key, refused ones too. Leave it out, and nobody is told; `{}` makes the topic.",
    costs: "$1 a month for its key",
    example: { subscribers: ["security@example.com"], trail: { retention_days: 365 } },
  }),
};

export type Audit = z.infer<typeof audit>;
