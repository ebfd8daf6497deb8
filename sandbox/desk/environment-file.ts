// `.sandbox/env`: what another terminal reads with `. .sandbox/env`, so that every AWS tool there meets the sandbox.
import { writeFileSync } from "node:fs";

/** What would win over, or spoil, the sandbox's own settings; `AWS_ENDPOINT_URL_*` are told apart by their prefix. */
export const RIVALS = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_DEFAULT_REGION",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
];

/**
 * The environment of a process that is to meet the sandbox: `inherited` without the rivals, and `own` on top.
 */
export function sandboxEnvironment(
  inherited: NodeJS.ProcessEnv,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(inherited).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !RIVALS.includes(entry[0]) && !entry[0].startsWith("AWS_ENDPOINT_URL"),
  );
  return { ...Object.fromEntries(kept), ...own };
}

/** Writes the same as lines for a POSIX shell, zsh among them; only its owner may read it, since it holds keys. */
export function writeEnvironmentFile(path: string, own: Readonly<Record<string, string>>): void {
  const exports = Object.entries(own).map(([name, value]) => `export ${name}=${shellQuoted(value)}`);
  const lines = [
    "# Made by `npm run sandbox`. In another terminal: . .sandbox/env",
    `unset ${RIVALS.join(" ")}`,
    "for sandbox_rival in $(env | sed -n 's/^\\(AWS_ENDPOINT_URL_[A-Za-z0-9_]*\\)=.*/\\1/p'); do unset \"$sandbox_rival\"; done",
    "unset sandbox_rival",
    ...exports,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
