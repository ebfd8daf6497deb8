// The bastion's machine image: which one, and whether a newer one replaces the bastion.
import { Annotations } from "cdktf";
import { Construct } from "constructs";
import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter/index.js";

/** Images that bring the SSM Agent and EC2 Instance Connect with them. */
export type ImageName = "al2023" | "al2" | "ubuntu";
type Architecture = "x86_64" | "arm64";

/** The OS user that each image logs in. */
export const OS_USERS: Readonly<Record<ImageName, string>> = { al2023: "ec2-user", al2: "ec2-user", ubuntu: "ubuntu" };

/** Public parameters whose value is the id of the newest image. */
const PARAMETERS: Readonly<Record<ImageName, (architecture: Architecture) => string>> = {
  al2023: (architecture) => `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`,
  al2: (architecture) => `/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-default-hvm-${architecture}-gp2`,
  ubuntu: (architecture) => {
    const name = architecture === "x86_64" ? "amd64" : "arm64";
    return `/aws/service/canonical/ubuntu/server/24.04/stable/current/${name}/hvm/ebs-gp3/ami-id`;
  },
};

/**
 * A Graviton type has a `g` behind its generation (`t4g`, `c7gn`, `im4gn`), where `g` before it is a graphics family
 * (`g5`), as `g` behind it is in `g5g`; `a1` is older than the rule.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
function architectureOf(instanceType: string): Architecture {
  return /^(a1|[a-z]+\d+[a-z]*g[a-z]*)[.-]/.test(instanceType) ? "arm64" : "x86_64";
}

export interface ImageProps {
  /** Which distribution. */
  readonly name: ImageName;
  /** Decides between x86_64 and arm64. */
  readonly instanceType: string;
}

/** Looks the newest image up at plan time, from the parameters that its publisher keeps. */
export class Image extends Construct {
  readonly amiId: string;

  constructor(scope: Construct, id: string, props: ImageProps) {
    super(scope, id);
    if (props.name === "al2")
      Annotations.of(this).addWarning("the support of Amazon Linux 2 ended on 2026-06-30: al2023 takes its place");
    const parameter = new DataAwsSsmParameter(this, "parameter", {
      name: PARAMETERS[props.name](architectureOf(props.instanceType)),
    });
    // `value` counts as a secret, and would hide the image from every plan.
    this.amiId = parameter.insecureValue;
  }
}
