// The SDK's default credential chain, with a person to ask for the MFA code, and its failures in our words.
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import type { Agent } from "node:http";
import { nearest } from "../command/did-you-mean.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { printable, quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { requestHandler } from "./client-settings.ts";
import { profileNames, profileSettings } from "./region.ts";
import { LOOK_AT_THE_WAY, NO_ANSWER, isUnanswered } from "./translate-error.ts";

export type CredentialProvider = ReturnType<typeof defaultProvider>;

export interface CredentialRequest {
  readonly profile: string | undefined;
  /** How calls for credentials leave this computer, where not in Node's own way. */
  readonly httpsAgent?: Agent | undefined;
  /** Asked for the MFA code that a role may demand; without one such a role is refused. */
  readonly terminal: Pick<Terminal, "ask"> | undefined;
}

/**
 * Credentials from environment, SSO, web identity, profile (assumed roles, MFA), process or instance, kept until they expire.
 *
 * The provider rejects with UserError (77) when there are none, or they have expired.
 */
export function credentialProvider({ profile, httpsAgent, terminal }: CredentialRequest): CredentialProvider {
  const provide = defaultProvider({
    ...(profile === undefined ? {} : { profile }),
    clientConfig: requestHandler(httpsAgent),
    ...(terminal === undefined
      ? {}
      : {
          mfaCodeProvider: (serial) => terminal.ask(`MFA code for ${printable(serial)}: `).then((code) => code.trim()),
        }),
  });
  return async (properties) => {
    try {
      return await provide(properties);
    } catch (cause) {
      if (cause instanceof UserError) throw cause; // the way to AWS, not the credentials
      if (isUnanswered(cause)) throw unanswered(cause, profile);
      throw await credentialsError(cause, profile);
    }
  };
}

/** Whoever gives out the credentials (STS, IAM Identity Center) is silent. */
function unanswered(cause: Error, profile: string | undefined): UserError {
  const message = `cannot get the credentials of ${nameOf(profile)}: AWS cannot be reached (${NO_ANSWER})`;
  return new UserError(message, { hint: LOOK_AT_THE_WAY, exitCode: ExitCode.Unavailable, cause });
}

/** What is wrong with the profile's credentials, told by the profile itself: the SDK has one error name for all of it. */
async function credentialsError(cause: unknown, profile: string | undefined): Promise<UserError> {
  const settings = await profileSettings(profile);
  if (profile !== undefined && settings === undefined) return unknownProfile(profile, cause);
  const login = loginCommand(profile, settings ?? {});
  if (login !== undefined) {
    return refused(`the login of ${nameOf(profile)} has expired or was never made`, login, cause);
  }
  if (settings?.["mfa_serial"] !== undefined) {
    const hint = "run it in a terminal, where the MFA code can be asked for, with a code that was not used before";
    return refused(`${nameOf(profile)} demands an MFA code and got none that fits`, hint, cause);
  }
  if (settings?.["role_arn"] !== undefined) {
    const hint = `may the source profile assume ${printable(settings["role_arn"])}? --debug shows AWS's answer`;
    return refused(`${nameOf(profile)} cannot assume its role`, hint, cause);
  }
  const hint = "name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  return refused("no AWS credentials found", `${hint}\nfor the sandbox: . .sandbox/env`, cause);
}

/** The AWS CLI's command that renews the login such a profile lives from. */
function loginCommand(
  profile: string | undefined,
  settings: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const flag = profile === undefined ? "" : ` --profile ${printable(profile)}`;
  if (settings["sso_session"] !== undefined || settings["sso_start_url"] !== undefined) return `aws sso login${flag}`;
  return settings["login_session"] === undefined ? undefined : `aws login${flag}`;
}

async function unknownProfile(profile: string, cause: unknown): Promise<UserError> {
  const names = await profileNames();
  const guesses = nearest(profile, names);
  const hint = guesses.length > 0 ? `did you mean ${guesses.map(quoted).join(" or ")}?` : "aws configure list-profiles";
  return refused(
    `cannot use profile ${quoted(profile)}: neither ~/.aws/config nor ~/.aws/credentials has it`,
    hint,
    cause,
  );
}

function nameOf(profile: string | undefined): string {
  return profile === undefined ? "the default profile" : `profile ${quoted(profile)}`;
}

function refused(message: string, hint: string, cause: unknown): UserError {
  return new UserError(message, { hint, exitCode: ExitCode.Denied, cause });
}
