// EC2: what healing and first contacts need of an instance; apart from instances.ts, since most commands never load it.
import { EC2Client, GetConsoleOutputCommand } from "@aws-sdk/client-ec2";
import type { Aws } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type InstanceCarePorts = Pick<Aws, "consoleOutput">;

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
  };
}
