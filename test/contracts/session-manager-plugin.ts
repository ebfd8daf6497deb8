// AWS's own client, if it is on this computer: as the AWS CLI starts it.
import { execFileSync } from "node:child_process";
import { StartSessionCommand, type StartSessionCommandInput } from "@aws-sdk/client-ssm";
import type { TestSandbox } from "../harness/test-sandbox.ts";

export const PLUGIN = "session-manager-plugin";

/** The last release that takes a data channel on a loopback address: newer ones want one of AWS's own. */
const LAST_WITH_LOOPBACK = "1.2.835.0";

/** Whether there is a plugin that can be pointed at a sandbox. */
export function isPluginUsable(): boolean {
  const version = pluginVersion();
  return version !== undefined && compare(version, LAST_WITH_LOOPBACK) <= 0;
}

function pluginVersion(): string | undefined {
  try {
    return execFileSync(PLUGIN, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

function compare(one: string, other: string): number {
  const [left, right] = [one, other].map((version) => version.split(".").map(Number));
  const differences = (left ?? []).map((number, index) => number - (right?.[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** A session that AWS, the sandbox in this case, has started, and what the plugin needs to open it. */
export interface PluginRun {
  readonly sessionId: string;
  /** Arguments of the plugin. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts a session, and says how the AWS CLI would start the plugin for it.
 *
 * @see aws/aws-cli awscli/customizations/sessionmanager.py: since plugin 1.2.497 the answer travels in the environment
 */
export async function startForPlugin(
  sandbox: TestSandbox,
  Target: string,
  input: Omit<StartSessionCommandInput, "Target"> = {},
): Promise<PluginRun> {
  const {
    SessionId = "",
    StreamUrl,
    TokenValue,
  } = await sandbox.ssm.send(new StartSessionCommand({ Target, ...input }));
  const variable = "AWS_SSM_START_SESSION_RESPONSE";
  const { endpoint, shared } = sandbox;
  return {
    sessionId: SessionId,
    words: [variable, shared.region, "StartSession", "", JSON.stringify({ Target, ...input }), endpoint.url],
    environment: { ...sandbox.environment(), [variable]: JSON.stringify({ SessionId, StreamUrl, TokenValue }) },
  };
}
