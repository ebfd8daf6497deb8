// What every client of the SDK is made with, and how every call is made: logged, its errors translated.
import type { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Clock } from "../../session-manager/clock.ts";
import type { LogCalls } from "./call-log.ts";
import type { CredentialProvider } from "./credentials.ts";
import { type AwsCall, translateError } from "./translate-error.ts";

export interface ClientSettings {
  readonly region: string;
  readonly profile: string | undefined;
  readonly credentials: CredentialProvider;
  /** The way out, where it is not Node's own: through a proxy, say. */
  readonly httpsAgent: Agent | undefined;
  readonly clock: Clock;
  /** Middleware that each client gets. */
  readonly logCalls: LogCalls;
}

/** The part of the settings that the SDK's own constructors take. */
export function clientConfiguration({ region, profile, credentials, httpsAgent }: ClientSettings): {
  region: string;
  credentials: CredentialProvider;
  profile?: string;
  requestHandler: RequestHandlerOptions;
} {
  return { region, credentials, ...(profile === undefined ? {} : { profile }), ...requestHandler(httpsAgent) };
}

/**
 * How long AWS may be silent. The SDK by itself waits for ever, so that an answer lost on the way would be a command that
 * says nothing; with a limit it asks again, on another connection, and fails when three attempts are lost.
 */
const SILENCE_LIMIT_MS = 15_000;

interface RequestHandlerOptions {
  readonly httpsAgent?: Agent;
  /** From a connection to the end of an answer. */
  readonly socketTimeout: number;
  readonly connectionTimeout?: number;
}

/** The part of it that says how requests leave this computer, and how long they wait. */
export function requestHandler(httpsAgent: Agent | undefined): { readonly requestHandler: RequestHandlerOptions } {
  const waiting = { socketTimeout: SILENCE_LIMIT_MS };
  if (httpsAgent === undefined) return { requestHandler: { ...waiting, connectionTimeout: SILENCE_LIMIT_MS } };
  // A connection through a proxy has a limit of its own, and a proxy's failure words of its own.
  const isDirect = httpsAgent instanceof HttpsAgent;
  return { requestHandler: { httpsAgent, ...waiting, ...(isDirect ? { connectionTimeout: SILENCE_LIMIT_MS } : {}) } };
}

/**
 * The call's answer.
 *
 * @param action - as IAM writes it, e.g. `ssm:StartSession`
 * @throws UserError for what a person can act on; anything else as it came
 */
export async function calling<Answer>(
  action: string,
  resource: string | undefined,
  { region, profile }: Pick<AwsCall, "region" | "profile">,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw translateError(error, { action, resource, region, profile });
  }
}
