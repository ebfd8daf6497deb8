// EC2: which instances there are, and rebooting one.
import {
  DescribeInstancesCommand,
  EC2Client,
  type Instance as Ec2Instance,
  type Filter,
  RebootInstancesCommand,
  type Reservation,
} from "@aws-sdk/client-ec2";
import type { Aws, Instance } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type InstancePorts = Pick<
  Aws,
  "findInstancesByName" | "findInstanceById" | "listInstanceNames" | "rebootInstance"
>;

/** The needs that EC2 meets. */
export function instancePorts(settings: ClientSettings): InstancePorts {
  const client = new EC2Client(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  const describe = async (filters: Filter[], resource?: string): Promise<Instance[]> => {
    const reservations = await calling("ec2:DescribeInstances", resource, settings, () => describeAll(client, filters));
    // The client has learned from the answer's date how wrong this computer's clock is.
    const nowMs = settings.clock.now() + client.config.systemClockOffset;
    return reservations.flatMap((reservation) => instancesOf(reservation, nowMs));
  };
  return {
    async findInstancesByName(name) {
      const found = await describe([{ Name: "tag:Name", Values: [filterValueFor(name)] }]);
      return found.filter((instance) => instance.name === name);
    },
    async findInstanceById(instanceId) {
      // A filter, since asking for an id that does not exist is an error with a name of its own.
      return (await describe([{ Name: "instance-id", Values: [instanceId] }])).at(0);
    },
    async listInstanceNames() {
      const running = await describe([{ Name: "instance-state-name", Values: ["running"] }]);
      return running.map(({ name }) => name).filter((name) => name !== undefined);
    },
    async rebootInstance(instanceId) {
      await calling("ec2:RebootInstances", instanceId, settings, () =>
        client.send(new RebootInstancesCommand({ InstanceIds: [instanceId] })),
      );
    },
  };
}

/**
 * A filter value that lets the text through: what EC2 reads as a wildcard or an escape gives way to `?`, any one
 * character, and the caller looks closer.
 */
function filterValueFor(text: string): string {
  return text.replace(/[\\*]/g, "?");
}

/** All pages. */
async function describeAll(client: EC2Client, filters: Filter[]): Promise<Reservation[]> {
  const reservations: Reservation[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeInstancesCommand({ Filters: filters, ...(nextToken === undefined ? {} : { NextToken: nextToken }) }),
    );
    reservations.push(...(page.Reservations ?? []));
    nextToken = page.NextToken;
  } while (nextToken !== undefined && nextToken !== "");
  return reservations;
}

function instancesOf({ Instances = [], OwnerId = "" }: Reservation, nowMs: number): Instance[] {
  return Instances.map((instance) => ({ ...toInstance(instance, nowMs), accountId: OwnerId }));
}

function toInstance(instance: Ec2Instance, nowMs: number): Omit<Instance, "accountId"> {
  const launchTimeMs = instance.LaunchTime?.getTime() ?? 0;
  return {
    instanceId: present(instance.InstanceId),
    name: instance.Tags?.find(({ Key }) => Key === "Name")?.Value,
    state: instance.State?.Name ?? "pending",
    launchTimeMs,
    ageMs: nowMs - launchTimeMs,
    instanceType: present(instance.InstanceType),
    availabilityZone: present(instance.Placement?.AvailabilityZone),
    imageId: present(instance.ImageId),
    isWindows: instance.Platform?.toLowerCase() === "windows", // EC2 and the SDK's model differ in its case
  };
}

/** EC2 leaves none of these out; the SDK's types only cannot say so. */
function present(text: string | undefined): string {
  return text ?? "";
}
