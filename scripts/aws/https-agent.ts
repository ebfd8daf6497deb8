// The way out of this computer for everything that is TLS: calls to AWS and data channels alike.
import type { Agent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../session-manager/clock.ts";
import type { Reporter } from "../command/reporter.ts";
import { proxySettings } from "./proxy-settings.ts";
import { trustedAuthorities } from "./trusted-authorities.ts";

export interface HttpsAgentRequest {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, "debug">;
}

/**
 * The agent that HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE ask for; undefined where they ask for none.
 *
 * @throws UserError when a variable cannot be used
 */
export async function httpsAgent({ environment, clock, reporter }: HttpsAgentRequest): Promise<Agent | undefined> {
  const authorities = trustedAuthorities(environment);
  const proxy = proxySettings(environment);
  // One context for all connections, since it takes milliseconds to read all authorities.
  const trust: AgentOptions =
    authorities === undefined ? {} : { secureContext: createSecureContext({ ca: authorities }) };
  const options: AgentOptions = { keepAlive: true, ...trust };
  if (proxy === undefined) return authorities === undefined ? undefined : new HttpsAgent(options);
  reporter.debug(`proxy ${proxy.url.host}${proxy.authorization === undefined ? "" : ", with a password"}`);
  const { ProxyAgent } = await import("./proxy-agent.ts");
  return new ProxyAgent(proxy, clock, options);
}
