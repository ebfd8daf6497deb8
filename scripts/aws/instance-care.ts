// EC2: what healing and first contacts need of an instance; apart from instances.ts, since most commands never load it.
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
  type Instance,
  StartInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { Aws } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type InstanceCarePorts = Pick<
  Aws,
  "consoleOutput" | "loginFacts" | "startInstance" | "readTags" | "addTag" | "removeTag"
>;

/** The needs that EC2 meets. */
export function instanceCarePorts(settings: ClientSettings): InstanceCarePorts {
  const client = new EC2Client(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  const describe: Describe = async (instanceId) => {
    const command = new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] });
    const { Reservations } = await calling("ec2:DescribeInstances", instanceId, settings, () => client.send(command));
    return Reservations?.[0]?.Instances?.[0];
  };
  return {
    async consoleOutput(instanceId, moment) {
      const command = new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: moment === "now" });
      const { Output = "" } = await calling("ec2:GetConsoleOutput", instanceId, settings, () => client.send(command));
      return Buffer.from(Output, "base64").toString("utf8");
    },
    async loginFacts({ instanceId, imageId }) {
      const describeImage = new DescribeImagesCommand({ Filters: [{ Name: "image-id", Values: [imageId] }] });
      const [instance, images] = await Promise.all([
        describe(instanceId),
        client.send(describeImage).catch(() => undefined), // nobody needs this permission to log in
      ]);
      const hasMetadata = instance?.MetadataOptions?.HttpEndpoint !== "disabled";
      return { imageName: images?.Images?.[0]?.Name, hasMetadata };
    },
    async startInstance(instanceId) {
      const command = new StartInstancesCommand({ InstanceIds: [instanceId] });
      await calling("ec2:StartInstances", instanceId, settings, () => client.send(command));
    },
    ...tagPorts(client, describe, settings),
  };
}

type Describe = (instanceId: string) => Promise<Instance | undefined>;

function tagPorts(
  client: EC2Client,
  describe: Describe,
  settings: ClientSettings,
): Pick<Aws, "readTags" | "addTag" | "removeTag"> {
  return {
    async readTags(instanceId) {
      const tags = (await describe(instanceId))?.Tags ?? [];
      return Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
    },
    async addTag(instanceId, tag, value) {
      const command = new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key: tag, Value: value }] });
      await calling("ec2:CreateTags", instanceId, settings, () => client.send(command));
    },
    async removeTag(instanceId, tag) {
      const command = new DeleteTagsCommand({ Resources: [instanceId], Tags: [{ Key: tag }] });
      await calling("ec2:DeleteTags", instanceId, settings, () => client.send(command));
    },
  };
}
