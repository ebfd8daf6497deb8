// What becomes of nodes, sessions and logins when EC2 starts, stops, reboots or terminates an instance.
import type { Databases } from "../databases/databases.ts";
import { listOf, type Call } from "../endpoint/call.ts";
import type { Inventory } from "./inventory.ts";
import type { ManagedNodes } from "./managed-nodes.ts";
import type { Sessions } from "./sessions.ts";

export interface InstanceLifecycleOptions {
  readonly inventory: Inventory;
  readonly nodes: ManagedNodes;
  readonly sessions: Sessions;
  /** Ends what runs inside an instance. */
  readonly stopInstance: (instanceId: string) => Promise<void>;
  readonly databases: Pick<Databases, "changed" | "forgetDeleted">;
}

/** RDS deletes a cluster when its last member is gone. */
const DATABASE_DELETIONS = new Set(["DeleteDBInstance", "DeleteDBCluster"]);
const SERVICES = new Set(["ec2", "iam", "rds"]);
const READS = /^(Describe|Get|List)/;
/** What a session's client is told; the agent says so itself before it goes down with its instance. */
const ENDINGS: Readonly<Record<string, string>> = {
  RebootInstances: "the instance is rebooting",
  StopInstances: "the instance is stopping",
  TerminateInstances: "the instance is shutting down",
};
const STARTS = new Set(["RebootInstances", "StartInstances"]);

/** To be told of each call that moto has done. */
export class InstanceLifecycle {
  readonly #options: InstanceLifecycleOptions;

  constructor(options: InstanceLifecycleOptions) {
    this.#options = options;
  }

  async onDone({ service, name, parameters }: Call): Promise<void> {
    if (!SERVICES.has(service) || READS.test(name)) return;
    this.#options.databases.changed();
    if (DATABASE_DELETIONS.has(name)) await this.#options.databases.forgetDeleted();
    const instanceIds = listOf(parameters, "InstanceId");
    const ending = ENDINGS[name];
    if (ending !== undefined) await this.#end(instanceIds, ending);
    if (STARTS.has(name))
      instanceIds.forEach((instanceId) => {
        this.#options.nodes.started(instanceId);
      });
    this.#options.nodes.changed();
    if (name === "RunInstances") await this.#options.nodes.launched();
  }

  async #end(instanceIds: readonly string[], reason: string): Promise<void> {
    for (const instanceId of instanceIds) {
      this.#options.sessions.endAll(instanceId, reason);
      await this.#options.stopInstance(instanceId);
    }
  }
}
