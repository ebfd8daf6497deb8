// The bastion itself: small instances that nobody can reach but through Session Manager.
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Instance } from "@cdktf/provider-aws/lib/instance/index.js";

export interface BastionHostsProps {
  /** Name tag of each; people and commands find the bastion by it. */
  readonly name: string;
  /** The image that they start from. */
  readonly amiId: string;
  /** Their size, as EC2 names it. */
  readonly instanceType: string;
  /** The bastions are spread over them. */
  readonly subnetIds: readonly string[];
  /** The only group that they have. */
  readonly securityGroupId: string;
  /** Carries the role that the SSM Agent uses. */
  readonly instanceProfileName: string;
  /**
   * All that the SSM Agent needs in order to register with its first call: when that fails it sleeps for minutes, and
   * longer each time, which is where most `TargetNotConnected` come from.
   */
  readonly after: ITerraformDependable[];
  /**
   * How many.
   *
   * @default 1
   */
  readonly count?: number;
  /**
   * Whether a newer image replaces the bastion; without it, it keeps the one that it was made from.
   *
   * @default true
   */
  readonly replaceOnNewImage?: boolean;
  /**
   * Whether the console and the API refuse to terminate it.
   *
   * @default true
   */
  readonly terminationProtection?: boolean;
  /**
   * Size of the encrypted root volume, in GiB.
   *
   * @default 8
   */
  readonly rootVolumeSizeGiB?: number;
}

export class BastionHosts extends Construct {
  readonly instanceIds: string[];

  constructor(scope: Construct, id: string, props: BastionHostsProps) {
    super(scope, id);
    const { count = 1 } = props;
    this.instanceIds = Array.from({ length: count }, (_, index) => this.#instance(index, props).id);
  }

  #instance(index: number, props: BastionHostsProps): Instance {
    const { subnetIds, replaceOnNewImage = true, terminationProtection = true, rootVolumeSizeGiB = 8 } = props;
    const subnetId = subnetIds[index % subnetIds.length];
    if (subnetId === undefined) throw new RangeError("bastions need a subnet");
    return new Instance(this, String(index + 1), {
      ami: props.amiId,
      instanceType: props.instanceType,
      subnetId,
      associatePublicIpAddress: false,
      vpcSecurityGroupIds: [props.securityGroupId],
      iamInstanceProfile: props.instanceProfileName,
      disableApiTermination: terminationProtection,
      monitoring: true,
      // Each t3 is; said again because scanners look for it.
      ebsOptimized: true,
      // IMDSv2 only, and its answers go no further than the instance.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: {
        encrypted: true,
        volumeType: "gp3",
        volumeSize: rootVolumeSizeGiB,
        tags: { Name: props.name },
      },
      tags: { Name: props.name },
      dependsOn: props.after,
      ...(replaceOnNewImage ? {} : { lifecycle: { ignoreChanges: ["ami"] } }),
    });
  }
}
