// The calls that an instance's SSM Agent makes besides Session Manager's: as its role and its network allow them.
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { Clock } from "../../session-manager/clock.ts";
import { AwsError } from "../endpoint/aws-error.ts";
import type { Call } from "../permissions/calls.ts";
import { decideByPolicies } from "../permissions/decide.ts";
import { explainWay } from "../registration/explain-registration.ts";
import { readFacts } from "../registration/read-facts.ts";
import type { ServiceCall } from "../registration/way-out.ts";

export interface InstanceCallsOptions {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly clock: Clock;
  readonly region: string;
  /** Account id. */
  readonly account: string;
}

/** Decides on the calls of all instances. */
export class InstanceCalls {
  readonly #options: InstanceCallsOptions;

  constructor(options: InstanceCallsOptions) {
    this.#options = options;
  }

  /**
   * Returns when the call would arrive and be allowed.
   *
   * @throws AwsError RequestError where the network has no way to the service, AccessDeniedException
   */
  async check(instanceId: string, way: ServiceCall, call: Call): Promise<void> {
    const wayFault = await explainWay({ ...this.#options, instanceId }, way);
    if (wayFault !== undefined) throw new AwsError("RequestError", `send request failed: ${wayFault}`);
    await this.#checkRole(instanceId, call);
  }

  async #checkRole(instanceId: string, call: Call): Promise<void> {
    const { clock, region, account } = this.#options;
    const { role } = await readFacts({ ...this.#options, instanceId });
    if (role === undefined) throw new AwsError("AccessDeniedException", "the instance has no role");
    const name = role.arn.split("/").at(-1) ?? "";
    const caller = {
      type: "AssumedRole",
      name,
      arn: `arn:aws:sts::${account}:assumed-role/${name}/${instanceId}`,
      userId: `${role.uniqueId}:${instanceId}`,
    } as const;
    const decision = await decideByPolicies({ principal: role, caller, call, region, nowMs: clock.now() });
    if (!decision.allowed) throw new AwsError("AccessDeniedException", decision.explanation);
  }
}
