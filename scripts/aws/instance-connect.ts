// EC2 Instance Connect: authorizes a public key on an instance for 60 s.
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from "@aws-sdk/client-ec2-instance-connect";
import type { Aws } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type InstanceConnectPorts = Pick<Aws, "sendSshPublicKey">;

/** The needs that EC2 Instance Connect meets. */
export function instanceConnectPorts(settings: ClientSettings): InstanceConnectPorts {
  const client = new EC2InstanceConnectClient(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  return {
    async sendSshPublicKey({ instanceId, availabilityZone, osUser, publicKey }) {
      await calling("ec2-instance-connect:SendSSHPublicKey", instanceId, settings, () =>
        client.send(
          new SendSSHPublicKeyCommand({
            InstanceId: instanceId,
            InstanceOSUser: osUser,
            SSHPublicKey: publicKey,
            AvailabilityZone: availabilityZone,
          }),
        ),
      );
    },
  };
}
