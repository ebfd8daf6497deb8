// The session documents that StartSession may name, and the parameters that each takes.
import { AwsError, unmodelled } from "../endpoint/aws-error.ts";

export const SESSION_DOCUMENTS = {
  /** Stands for "none given"; an account's preferences live in it. */
  shell: "SSM-SessionManagerRunShell",
  ssh: "AWS-StartSSHSession",
} as const;

/** Nobody else may begin a document's name so. */
export function isOwnedByAws(documentName: string): boolean {
  return documentName.startsWith("AWS-");
}

interface ParameterRule {
  readonly pattern: RegExp;
  /** Undefined for one that must be given. */
  readonly default: string | undefined;
}

/** A document's parameters, by name. */
export type ParameterRules = Readonly<Record<string, ParameterRule>>;

const PORT = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/;
const LOCAL_PORT = new RegExp(`^0$|${PORT.source}`);
export const ANYTHING = /^[^]*$/;
const COMMAND = { pattern: /^[^]+$/, default: undefined };

/** As AWS's documents describe them; a document that the sandbox's agent does not know is not here. */
const PARAMETERS: Readonly<Record<string, ParameterRules>> = {
  [SESSION_DOCUMENTS.shell]: {},
  [SESSION_DOCUMENTS.ssh]: { portNumber: { pattern: PORT, default: "22" } },
  "AWS-StartPortForwardingSession": {
    portNumber: { pattern: PORT, default: "80" },
    localPortNumber: { pattern: LOCAL_PORT, default: "0" },
  },
  "AWS-StartPortForwardingSessionToRemoteHost": {
    portNumber: { pattern: PORT, default: "80" },
    localPortNumber: { pattern: LOCAL_PORT, default: "0" },
    host: { pattern: /^[^,$^&()!;'"<>`{}[\]|#=]{3,}$/, default: "localhost" },
  },
  "AWS-StartInteractiveCommand": { command: COMMAND },
  "AWS-StartNonInteractiveCommand": {
    command: COMMAND,
    separateOutputStream: { pattern: /^(true|false)$/, default: "false" },
    stdOutSeparatorPrefix: { pattern: ANYTHING, default: "" },
    stdErrSeparatorPrefix: { pattern: ANYTHING, default: "" },
  },
};

/**
 * The parameters with which the agent begins, defaults filled in.
 *
 * @throws AwsError InvalidDocument for a name that there is not, InvalidParameters for a parameter that does not fit,
 *   UnmodelledRequest for a document that AWS may have and the sandbox's agent does not know
 */
export function readSessionParameters(documentName: string, given: unknown): Record<string, string[]> {
  const rules = Object.hasOwn(PARAMETERS, documentName) ? PARAMETERS[documentName] : undefined;
  if (rules === undefined) throw missingDocument(documentName);
  return readParameters(documentName, rules, given);
}

/**
 * The given parameters by a document's rules, defaults filled in.
 *
 * @throws AwsError InvalidParameters
 */
export function readParameters(documentName: string, rules: ParameterRules, given: unknown): Record<string, string[]> {
  const parameters = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const stranger = Object.keys(parameters).find((name) => !Object.hasOwn(rules, name));
  if (stranger !== undefined)
    throw new AwsError("InvalidParameters", `Parameter "${stranger}" is not defined in document ${documentName}.`);
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, [checkedValue(name, parameters[name], rule)]]),
  );
}

function checkedValue(name: string, given: unknown, rule: ParameterRule): string {
  if (given === undefined && rule.default !== undefined) return rule.default;
  const [value, ...more] = Array.isArray(given) ? (given as unknown[]) : [];
  if (typeof value === "string" && more.length === 0 && rule.pattern.test(value)) return value;
  throw new AwsError("InvalidParameters", `Parameter "${name}" is missing or does not match its pattern.`);
}

/** Documents of the account's own, in moto, may be session documents too, of which the agent reads but a few. */
function missingDocument(documentName: string): AwsError {
  if (isOwnedByAws(documentName))
    return new AwsError("InvalidDocument", `Document with name ${documentName} does not exist.`);
  return unmodelled(`ssm:StartSession with ${documentName}, a document of the account's own,`);
}
