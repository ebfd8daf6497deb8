// Whether a caller may make a call: the deployer always, anybody else as its policies in IAM say.
import type { Caller } from "../endpoint/access-keys.ts";
import { AwsError, unmodelled } from "../endpoint/aws-error.ts";
import { listOf, type Call } from "../endpoint/call.ts";
import { needsNoResource, type Call as CallToDecide, type CalledInstance } from "../permissions/calls.ts";
import type { KmsKeys } from "./kms-keys.ts";
import type { Decision } from "../permissions/decide.ts";
import type { Inventory } from "./inventory.ts";
import type { Sessions } from "./sessions.ts";

export interface CallersOptions {
  readonly inventory: Inventory;
  readonly sessions: Sessions;
  readonly kmsKeys: Pick<KmsKeys, "find">;
  /** IAM's decision, by the policies attached to the caller. */
  readonly decide: (caller: Caller, call: CallToDecide) => Promise<Decision>;
}

/** Says no for IAM, in the words of the service that is called. */
export class Callers {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /**
   * @throws AwsError UnauthorizedOperation (ec2) or AccessDeniedException; UnmodelledRequest for a call that none of our
   *   commands makes, because the sandbox knows not what that one needs permission for
   */
  async authorize(call: Call): Promise<void> {
    if (call.caller.isDeployer || needsNoPermission(call)) return;
    const toDecide = await this.#toDecide(call);
    if (toDecide === undefined) throw unmodelled(`${call.service}:${call.name} by anybody but the deployer`);
    await this.#decide(call.caller, toDecide, call.service);
  }

  /** @throws AwsError AccessDeniedException */
  async authorizeDataChannel(caller: Caller, sessionId: string): Promise<void> {
    if (caller.isDeployer) return;
    const session = this.#session(sessionId);
    await this.#decide(caller, { action: "ssmmessages:OpenDataChannel", session }, "ssmmessages");
  }

  /** Whether the caller's policies let it log in to the database as this user of its; the deployer's let it do all. */
  async mayConnectToDatabase(caller: Caller, resourceId: string, databaseUser: string): Promise<boolean> {
    const call = { action: "rds-db:connect", resourceId, databaseUser } as const;
    return caller.isDeployer || (await this.#options.decide(caller, call)).allowed;
  }

  async #decide(caller: Caller, call: CallToDecide, service: string): Promise<void> {
    const decision = await this.#options.decide(caller, call);
    if (decision.allowed) return;
    const httpStatus = service === "ssmmessages" ? 403 : 400;
    if (service !== "ec2") throw new AwsError("AccessDeniedException", decision.explanation, httpStatus);
    const message = `You are not authorized to perform this operation. ${decision.explanation}`;
    throw new AwsError("UnauthorizedOperation", message, 403);
  }

  /** What the call asks of IAM; undefined for a call that none of our commands makes. */
  // eslint-disable-next-line complexity -- a table: one case for each action
  async #toDecide({ service, name, input, parameters }: Call): Promise<CallToDecide | undefined> {
    const action = `${service}:${name}`;
    if (needsNoResource(action)) return { action };
    switch (action) {
      case "ec2:GetConsoleOutput":
        return { action, instances: [await this.#instance(parameters.get("InstanceId"))] };
      case "ec2:RebootInstances":
      case "ec2:StartInstances":
        return {
          action,
          instances: await Promise.all(listOf(parameters, "InstanceId").map((id) => this.#instance(id))),
        };
      case "ec2:CreateTags":
      case "ec2:DeleteTags":
        return this.#tagging(action, parameters);
      case "ec2-instance-connect:SendSSHPublicKey":
        return { action, instance: await this.#instance(input["InstanceId"]), osUser: textOf(input["InstanceOSUser"]) };
      case "kms:GenerateDataKey": {
        const key = await this.#options.kmsKeys.find(textOf(input["KeyId"]));
        return { action, key, encryptionContext: (input["EncryptionContext"] ?? {}) as Record<string, string> };
      }
      case "ssm:GetConnectionStatus":
        return { action, instances: [await this.#instance(input["Target"])] };
      case "ssm:StartSession":
        return {
          action,
          instance: await this.#instance(input["Target"]),
          documentName: typeof input["DocumentName"] === "string" ? input["DocumentName"] : undefined,
        };
      case "ssm:ResumeSession":
      case "ssm:TerminateSession":
        return { action, session: this.#session(textOf(input["SessionId"])) };
      default:
        return undefined;
    }
  }

  /** Tags of instances; what tagging anything else takes is not modelled. */
  async #tagging(
    action: "ec2:CreateTags" | "ec2:DeleteTags",
    parameters: URLSearchParams,
  ): Promise<CallToDecide | undefined> {
    const ids = listOf(parameters, "ResourceId");
    if (!ids.every((id) => id.startsWith("i-"))) return undefined;
    const instances = await Promise.all(ids.map((id) => this.#instance(id)));
    return { action, instances, tags: tagsOf(parameters) };
  }

  /** An instance that there is not has no tags, so nobody learns from an answer which there are. */
  async #instance(id: unknown): Promise<CalledInstance> {
    const instanceId = textOf(id);
    return { instanceId, tags: (await this.#options.inventory.find(instanceId))?.tags ?? {} };
  }

  #session(sessionId: string): { sessionId: string; target: string; ownerUserId: string } {
    const session = this.#options.sessions.find(sessionId);
    return { sessionId, target: session?.target ?? "", ownerUserId: session?.ownerUserId ?? "" };
  }
}

/** Of a user's long-lived keys; temporary ones may not be made from temporary ones. */
function needsNoPermission({ service, name, caller }: Call): boolean {
  return `${service}:${name}` === "sts:GetSessionToken" && caller.type === "User";
}

/** EC2's form spells a tag `Tag.1.Key` and `Tag.1.Value`. */
function tagsOf(parameters: URLSearchParams): Record<string, string> {
  const numbers = [...parameters.keys()].flatMap((name) => /^Tag\.(\d+)\.Key$/.exec(name)?.[1] ?? []);
  const textOfTag = (number: string, part: string): string => parameters.get(`Tag.${number}.${part}`) ?? "";
  return Object.fromEntries(numbers.map((number) => [textOfTag(number, "Key"), textOfTag(number, "Value")]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
