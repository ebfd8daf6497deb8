// Whether the associations do anything at all.
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";

export function associationProblems({ associations }: Settings): Problem[] {
  if (associations === undefined || associations.ec2_instance_connect || associations.ssm_agent) return [];
  return [
    {
      message: '"associations" keep up nothing: "ec2_instance_connect" and "ssm_agent" are both false',
      cure: "set one of them to true, or leave associations out",
    },
  ];
}
