// What every client of the SDK is made with, and how every call is made: logged, its errors translated.
import type { Clock } from "../../session-manager/clock.ts";
import type { LogCalls } from "./call-log.ts";
import type { CredentialProvider } from "./credentials.ts";
import { type AwsCall, translateError } from "./translate-error.ts";

export interface ClientSettings {
  readonly region: string;
  readonly profile: string | undefined;
  readonly credentials: CredentialProvider;
  readonly clock: Clock;
  /** Middleware that each client gets. */
  readonly logCalls: LogCalls;
}

/** The part of the settings that the SDK's own constructors take. */
export function clientConfiguration({ region, profile, credentials }: ClientSettings): {
  region: string;
  credentials: CredentialProvider;
  profile?: string;
} {
  return { region, credentials, ...(profile === undefined ? {} : { profile }) };
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
