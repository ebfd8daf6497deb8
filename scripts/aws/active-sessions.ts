// Who is calling, and whose sessions are under way on an instance.
import { DescribeSessionsCommand, SSMClient, type Session } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Aws, SessionOnInstance } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type ActiveSessionPorts = Pick<Aws, "activeSessions" | "callerArn">;

/** The needs that Systems Manager and STS meet. */
export function activeSessionPorts(settings: ClientSettings): ActiveSessionPorts {
  const ssm = new SSMClient(clientConfiguration(settings));
  const sts = new STSClient(clientConfiguration(settings));
  settings.logCalls(ssm.middlewareStack);
  settings.logCalls(sts.middlewareStack);
  return {
    async activeSessions(instanceId) {
      // One page, 200 sessions: more are more than anybody reads.
      const command = new DescribeSessionsCommand({
        State: "Active",
        Filters: [{ key: "Target", value: instanceId }],
      });
      const { Sessions = [] } = await calling("ssm:DescribeSessions", undefined, settings, () => ssm.send(command));
      return Sessions.map(toSession);
    },
    async callerArn() {
      const { Arn = "" } = await calling("sts:GetCallerIdentity", undefined, settings, () =>
        sts.send(new GetCallerIdentityCommand({})),
      );
      return Arn;
    },
  };
}

function toSession({ SessionId = "", Owner = "", StartDate }: Session): SessionOnInstance {
  return { sessionId: SessionId, owner: Owner, startMs: StartDate?.getTime() ?? 0 };
}
