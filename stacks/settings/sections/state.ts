// Settings of where Terraform's state lives.
import { z } from "zod";
import { bucketName, isNot, region } from "../fields.ts";

export const stateSettings = {
  state_bucket: bucketName.optional().meta({
    description: "Bucket for Terraform's state, made by `npm run state-bucket`. STATE_BUCKET wins over it.",
    example: "sandbox-tfstate-111122223333-eu-central-1",
    costs: "$1 a month for its key",
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
  state_access_log_bucket: bucketName.optional().meta({
    description: "An existing bucket that gets the state bucket's access log. Default: no access log.",
    example: "company-access-logs",
  }),
};
