// What tunnel.ts does: opens a tunnel, here or in the background, or tells of those that run.
import type { CommandContext } from "../command/command-context.ts";
import { openInBackground } from "./background.ts";
import { openTunnel } from "./open-tunnel.ts";
import { listTunnels, stopTunnels } from "./running-tunnels.ts";
import type { TunnelArguments } from "./tunnel-arguments.ts";

/**
 * Resolves with the exit status.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export async function runTunnel(given: TunnelArguments, context: CommandContext): Promise<number> {
  switch (given.action) {
    case "open":
      return given.background ? openInBackground(given, context) : openTunnel(given, context);
    case "list":
      return listTunnels(given, context);
    case "stop":
      return stopTunnels(given.name, context);
  }
}
