// What the Region offers of the services that the SSM Agent calls: their endpoint names, and the zones they are in.
import { Fn, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings/index.js";
import { DataAwsVpcEndpointService } from "@cdktf/provider-aws/lib/data-aws-vpc-endpoint-service/index.js";

/** Services with an interface endpoint, as they stand at the end of the endpoint's name. */
export type EndpointService = "ssm" | "ssmmessages" | "ec2messages" | "logs" | "kms";

export interface EndpointServicesProps {
  /** Which ones to look up. */
  readonly services: readonly EndpointService[];
}

/** Looks the services up at plan time; their names have another beginning in China. */
export class EndpointServices extends Construct {
  readonly services: readonly EndpointService[];
  readonly #found: ReadonlyMap<EndpointService, DataAwsVpcEndpointService>;

  constructor(scope: Construct, id: string, props: EndpointServicesProps) {
    super(scope, id);
    this.services = props.services;
    this.#found = new Map(
      props.services.map((service) => [
        service,
        new DataAwsVpcEndpointService(this, service, { service, serviceType: "Interface" }),
      ]),
    );
  }

  /** The full name: `com.amazonaws.eu-central-1.ssm`. */
  nameOf(service: EndpointService): string {
    const found = this.#found.get(service);
    if (found === undefined) throw new RangeError(`"${service}" was not looked up`);
    return found.serviceName;
  }

  /** Zones, sorted, that offer all of the services and the instance type: not every zone offers everything. */
  zonesWith(instanceType: string): string[] {
    const offerings = new DataAwsEc2InstanceTypeOfferings(this, "instance_type", {
      locationType: "availability-zone",
      filter: [{ name: "instance-type", values: [instanceType] }],
    });
    const ofServices = [...this.#found.values()].map(({ availabilityZones }) => availabilityZones);
    const zones = Fn.sort(Fn.setintersection(offerings.locations, ofServices));
    return new TerraformLocal(this, "zones", zones).asList;
  }
}
