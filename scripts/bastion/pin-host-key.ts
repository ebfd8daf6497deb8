// An instance's first contact: its host key is taken from its console output, before ssh meets it.
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { Aws, Instance } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import { hostKeysInConsole } from "../ssh/console-host-keys.ts";
import type { KnownHosts } from "../ssh/known-hosts.ts";

export interface PinningNeeds {
  readonly aws: Pick<Aws, "consoleOutput">;
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, "say" | "debug">;
}

/** A first contact is not worth a longer wait; ssh then accepts the key that it is shown. */
const CONSOLE_LIMIT_MS = 5_000;

/**
 * Sees to it that the instance's host key is known, if it can be: then ssh accepts that one and no other. Else says that
 * the key ssh will be shown is accepted this once.
 *
 * @throws UserError (73) where host keys cannot be kept
 */
export async function pinHostKey(
  { instanceId }: Instance,
  knownHosts: KnownHosts,
  { aws, clock, reporter }: PinningNeeds,
): Promise<void> {
  if (knownHosts.keyOf(instanceId) !== undefined) return;
  const limit = new AbortController();
  const tooLong = sleep(CONSOLE_LIMIT_MS, clock, limit.signal).then(
    () => ({ why: "its console output took too long" }),
    () => ({ why: "" }),
  );
  const found = await Promise.race([readConsole(instanceId, aws, reporter), tooLong]);
  limit.abort();
  if ("key" in found) knownHosts.add(instanceId, found.key);
  else reporter.say(`the host key of ${instanceId} cannot be known beforehand: ${found.why}; the one it shows is kept`);
}

type Found = { readonly key: string } | { readonly why: string };

async function readConsole(
  instanceId: string,
  aws: PinningNeeds["aws"],
  reporter: Pick<Reporter, "debug">,
): Promise<Found> {
  let why = "its console output has none";
  // What a Nitro instance has printed by now; then what EC2 has kept of its last start, which older types have only.
  for (const moment of ["now", "start"] as const) {
    try {
      const [key, another] = hostKeysInConsole(await aws.consoleOutput(instanceId, moment));
      if (another !== undefined) return { why: "its console output has several" };
      if (key !== undefined) return { key };
    } catch (error) {
      reporter.debug(`cannot read the console output: ${String(error)}`);
      why = "its console output cannot be read";
    }
  }
  return { why };
}
