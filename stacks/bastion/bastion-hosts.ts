// The bastion itself: small instances that nobody can reach but through Session Manager.
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Eip } from "@cdktf/provider-aws/lib/eip/index.js";
import { Instance } from "@cdktf/provider-aws/lib/instance/index.js";
import { NetworkInterface } from "@cdktf/provider-aws/lib/network-interface/index.js";
import { subnetAt } from "../network/network.ts";

export interface BastionHostsProps {
  /** Name tag of each; people and commands find the bastion by it. */
  readonly name: string;
  /** The image that they start from. */
  readonly amiId: string;
  /** Their size, as EC2 names it. */
  readonly instanceType: string;
  /** The bastions are spread over them, by `subnetAt`. */
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
   * Whether each has a public address of its own, by which it reaches the internet where there is no NAT gateway.
   *
   * @default false
   */
  readonly publicAddresses?: boolean;
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
  /**
   * Tags beside the Name.
   *
   * @default - none
   */
  readonly tags?: Readonly<Record<string, string>>;
  /**
   * Script for the first start. A change replaces the bastion, because cloud-init runs it only once.
   *
   * @default - none
   */
  readonly userData?: string | undefined;
}

export class BastionHosts extends Construct {
  readonly instanceIds: string[];

  constructor(scope: Construct, id: string, props: BastionHostsProps) {
    super(scope, id);
    const { count = 1 } = props;
    this.instanceIds = Array.from({ length: count }, (_, index) => this.#instance(index, props).id);
  }

  #instance(index: number, props: BastionHostsProps): Instance {
    const { replaceOnNewImage = true, terminationProtection = true, rootVolumeSizeGiB = 8 } = props;
    const { placement, after } = this.#place(index, props);
    return new Instance(this, String(index + 1), {
      ami: props.amiId,
      instanceType: props.instanceType,
      ...placement,
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
      tags: { Name: props.name, ...props.tags },
      ...(props.userData === undefined ? {} : { userData: props.userData, userDataReplaceOnChange: true }),
      dependsOn: after,
      ...(replaceOnNewImage ? {} : { lifecycle: { ignoreChanges: ["ami"] } }),
    });
  }

  #place(index: number, props: BastionHostsProps) {
    const { securityGroupId, subnetIds, publicAddresses = false, after } = props;
    const subnetId = subnetAt(subnetIds, index);
    if (publicAddresses) return this.#publicPlace(String(index + 1), subnetId, props);
    // Said even where subnets give out none: in a network of others they may.
    const placement = { subnetId, associatePublicIpAddress: false, vpcSecurityGroupIds: [securityGroupId] };
    return { placement, after };
  }

  /**
   * A network interface that has its public address before the instance starts. An address that is given to an instance
   * comes when it has booted, after the first call of its SSM Agent.
   */
  #publicPlace(number: string, subnetId: string, { name, securityGroupId, after }: BastionHostsProps) {
    const tags = { Name: name };
    const { id: networkInterfaceId } = new NetworkInterface(this, `interface_${number}`, {
      subnetId,
      securityGroups: [securityGroupId],
      description: "Bastion",
      tags,
    });
    const address = new Eip(this, `address_${number}`, {
      domain: "vpc",
      networkInterface: networkInterfaceId,
      tags,
      // By way of the routes it comes after the internet gateway, which EC2 lets go of only without public addresses.
      dependsOn: after,
    });
    return { placement: { networkInterface: [{ networkInterfaceId, deviceIndex: 0 }] }, after: [...after, address] };
  }
}
