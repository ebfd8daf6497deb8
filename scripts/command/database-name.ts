// What people call an endpoint of RDS or ElastiCache.
import type { DatabaseEndpoint } from "./network-ports.ts";

/** `orders`, or `orders/reader` for a cluster's second endpoint. */
export function callNameOf({ name, role }: Pick<DatabaseEndpoint, "name" | "role">): string {
  return role === "reader" ? `${name}/reader` : name;
}
