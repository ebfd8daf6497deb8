// EC2: what healing and first contacts need of an instance; apart from instances.ts, since most commands never load it.
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
} from "@aws-sdk/client-ec2";
import type { Aws } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type InstanceCarePorts = Pick<Aws, "consoleOutput" | "loginFacts">;

/** The needs that EC2 meets. */
export function instanceCarePorts(settings: ClientSettings): InstanceCarePorts {
  const client = new EC2Client(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  return {
    async consoleOutput(instanceId, moment) {
      const command = new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: moment === "now" });
      const { Output = "" } = await calling("ec2:GetConsoleOutput", instanceId, settings, () => client.send(command));
      return Buffer.from(Output, "base64").toString("utf8");
    },
    async loginFacts({ instanceId, imageId }) {
      const filtered = (name: string, value: string) => ({ Filters: [{ Name: name, Values: [value] }] });
      const describeInstance = new DescribeInstancesCommand(filtered("instance-id", instanceId));
      const describeImage = new DescribeImagesCommand(filtered("image-id", imageId));
      const [instances, images] = await Promise.all([
        calling("ec2:DescribeInstances", instanceId, settings, () => client.send(describeInstance)),
        client.send(describeImage).catch(() => undefined), // nobody needs this permission to log in
      ]);
      const metadata = instances.Reservations?.[0]?.Instances?.[0]?.MetadataOptions;
      return { imageName: images?.Images?.[0]?.Name, hasMetadata: metadata?.HttpEndpoint !== "disabled" };
    },
  };
}
