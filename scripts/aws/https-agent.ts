// The way out of this computer for everything that is TLS: calls to AWS and data channels alike.
import type { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { type SecureContext, createSecureContext } from "node:tls";
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
  if (proxy === undefined) return authorities === undefined ? undefined : new TrustingAgent(authorities);
  reporter.debug(`proxy ${proxy.url.host}${proxy.authorization === undefined ? "" : ", with a password"}`);
  const { ProxyAgent } = await import("./proxy-agent.ts");
  const trust = authorities === undefined ? {} : { secureContext: createSecureContext({ ca: authorities }) };
  return new ProxyAgent(proxy, clock, { keepAlive: true, ...trust });
}

/** One context serves all its connections, and is made for the first: it takes 65 ms to read all authorities. */
class TrustingAgent extends HttpsAgent {
  readonly #authorities: string[];
  #secureContext: SecureContext | undefined;

  constructor(authorities: string[]) {
    super({ keepAlive: true });
    this.#authorities = authorities;
  }

  override createConnection(
    ...[options, callback]: Parameters<HttpsAgent["createConnection"]>
  ): Duplex | null | undefined {
    this.#secureContext ??= createSecureContext({ ca: this.#authorities });
    const trusting = { ...options, secureContext: this.#secureContext };
    return super.createConnection(trusting, callback);
  }
}
