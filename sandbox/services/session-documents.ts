// The session documents that StartSession may name, and the parameters that each takes.
import { AwsError, unmodelled } from "../endpoint/aws-error.ts";

export const SESSION_DOCUMENTS = {
  /** Stands for "none given"; an account's preferences live in it. */
  shell: "SSM-SessionManagerRunShell",
  ssh: "AWS-StartSSHSession",
} as const;

/** AWS's own documents, which belong to no account: their ARN has an empty one. */
export function isOwnedByAws(documentName: string): boolean {
  return documentName.startsWith("AWS-");
}

interface ParameterRule {
  readonly pattern: RegExp;
  readonly default: string;
}

const PORT_NUMBER: ParameterRule = {
  pattern: /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
  default: "22",
};

/** What the sandbox's agent can do; a document that AWS has and it has not is refused aloud. */
const MODELLED: Readonly<Record<string, Readonly<Record<string, ParameterRule>>>> = {
  [SESSION_DOCUMENTS.ssh]: { portNumber: PORT_NUMBER },
};
const KNOWN_TO_AWS =
  /^(SSM-SessionManagerRunShell|AWS-Start(PortForwardingSession(ToRemoteHost|ToSocket)?|InteractiveCommand|NonInteractiveCommand))$/;

/**
 * The parameters with which the agent begins, defaults filled in.
 *
 * @throws AwsError InvalidDocument for a name that there is not, InvalidParameters for a parameter that does not fit,
 *   UnmodelledRequest for a document that the sandbox's agent does not know
 */
export function readSessionParameters(documentName: string, given: unknown): Record<string, string[]> {
  const rules = MODELLED[documentName];
  if (rules === undefined) throw missingDocument(documentName);
  const parameters = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const stranger = Object.keys(parameters).find((name) => !Object.hasOwn(rules, name));
  if (stranger !== undefined)
    throw new AwsError("InvalidParameters", `Parameter "${stranger}" is not defined in document ${documentName}.`);
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, [checkedValue(name, parameters[name], rule)]]),
  );
}

function checkedValue(name: string, given: unknown, rule: ParameterRule): string {
  if (given === undefined) return rule.default;
  const [value, ...more] = Array.isArray(given) ? (given as unknown[]) : [];
  if (typeof value === "string" && more.length === 0 && rule.pattern.test(value)) return value;
  throw new AwsError(
    "InvalidParameters",
    `Parameter "${name}" has value "${String(value)}" that does not match its pattern.`,
  );
}

function missingDocument(documentName: string): AwsError {
  if (KNOWN_TO_AWS.test(documentName)) return unmodelled(`ssm:StartSession with ${documentName}`);
  return new AwsError("InvalidDocument", `Document with name ${documentName} does not exist.`);
}
