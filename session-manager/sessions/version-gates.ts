// What an agent understands, by its version.

/**
 * Versions after which an agent can do something: strictly after, as AWS's own client compares.
 *
 * Source: aws/session-manager-plugin src/version, src/config/config.go.
 */
export const LAST_VERSION_WITHOUT = {
  /** The flag TerminateSession. */
  terminateSessionFlag: "2.3.722.0",
  /** Several connections in one port session. */
  multiplexing: "3.0.196.0",
  /** A port session without keep-alive frames, which would defeat the idle timeout. */
  keepAliveOff: "3.1.1511.0",
} as const;

/** Something that not every agent can do. */
export type AgentFeature = keyof typeof LAST_VERSION_WITHOUT;

/** Whether an agent of this version (four numbers with dots) can do that; of an odd version, nothing is believed. */
export function agentSupports(feature: AgentFeature, agentVersion: string): boolean {
  if (!/^\d+(\.\d+){3}$/.test(agentVersion)) return false;
  const last = LAST_VERSION_WITHOUT[feature].split(".").map(Number);
  const difference = agentVersion
    .split(".")
    .map((part, index) => Number(part) - (last[index] ?? 0))
    .find((part) => part !== 0);
  return difference !== undefined && difference > 0;
}
