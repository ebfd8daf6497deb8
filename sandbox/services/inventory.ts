// What EC2 (in moto) says of the instances, remembered until something may have changed.
import { DescribeImagesCommand, paginateDescribeInstances, type EC2Client, type Instance } from "@aws-sdk/client-ec2";

/** One instance, as far as the services beside EC2 need to know it. */
export interface InventoryInstance {
  readonly instanceId: string;
  /** EC2's name of the state: `pending`, `running`, `stopping`, … */
  readonly state: string;
  readonly availabilityZone: string;
  readonly privateIpAddress: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Name of its image; empty if that is gone. */
  readonly imageName: string;
}

/** The instances of one account and Region. */
export class Inventory {
  readonly #ec2: EC2Client;
  readonly #imageNames = new Map<string, string>();
  #instances: Promise<ReadonlyMap<string, InventoryInstance>> | undefined;

  constructor(ec2: EC2Client) {
    this.#ec2 = ec2;
  }

  /** By instance id; terminated ones too, as long as EC2 shows them. */
  instances(): Promise<ReadonlyMap<string, InventoryInstance>> {
    this.#instances ??= this.#describe();
    return this.#instances;
  }

  async find(instanceId: string): Promise<InventoryInstance | undefined> {
    return (await this.instances()).get(instanceId);
  }

  /** To be called after each call that may have changed an instance. */
  forget(): void {
    this.#instances = undefined;
  }

  async #describe(): Promise<ReadonlyMap<string, InventoryInstance>> {
    const instances = new Map<string, InventoryInstance>();
    for await (const page of paginateDescribeInstances({ client: this.#ec2 }, {})) {
      for (const instance of page.Reservations?.flatMap((reservation) => reservation.Instances ?? []) ?? []) {
        const described = describe(instance, await this.#imageName(instance.ImageId ?? ""));
        instances.set(described.instanceId, described);
      }
    }
    return instances;
  }

  async #imageName(imageId: string): Promise<string> {
    let name = this.#imageNames.get(imageId);
    if (name === undefined) {
      const filters = [{ Name: "image-id", Values: [imageId] }];
      const { Images } = await this.#ec2.send(new DescribeImagesCommand({ Filters: filters }));
      name = Images?.[0]?.Name ?? "";
      this.#imageNames.set(imageId, name);
    }
    return name;
  }
}

function describe(instance: Instance, imageName: string): InventoryInstance {
  const { InstanceId = "", State, Placement, PrivateIpAddress = "", Tags = [] } = instance;
  return {
    instanceId: InstanceId,
    state: State?.Name ?? "",
    availabilityZone: Placement?.AvailabilityZone ?? "",
    privateIpAddress: PrivateIpAddress,
    tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    imageName,
  };
}
