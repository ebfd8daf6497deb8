// Session documents of the account's own that lead to one port: they live in moto.
import { GetDocumentCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { ANYTHING, readParameters, type ParameterRules } from "./session-documents.ts";

/** A session as the agent begins it: one of AWS's own documents, and its parameters. */
export interface FixedForwarding {
  readonly documentName: string;
  readonly parameters: Record<string, string[]>;
}

/**
 * Where the document leads, with what the caller gives the parameters that it declares, as a rule the port at the caller's
 * own end; undefined for one that there is not, or that is no port's.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
 * @throws AwsError InvalidParameters
 */
export async function readFixedForwarding(
  ssm: SSMClient,
  documentName: string,
  given: unknown,
): Promise<FixedForwarding | undefined> {
  const { sessionType, parameters = {}, properties } = await readDocument(ssm, documentName);
  const { type, portNumber, host, localPortNumber } = properties ?? {};
  if (sessionType !== "Port" || type !== "LocalPortForwarding" || portNumber === undefined) return undefined;
  const values = readParameters(documentName, rulesOf(parameters), given);
  return {
    documentName: `AWS-StartPortForwardingSession${host === undefined ? "" : "ToRemoteHost"}`,
    parameters: Object.fromEntries(
      Object.entries({ portNumber, host, localPortNumber }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, [fillIn(value, values)]]],
      ),
    ),
  };
}

interface SessionDocument {
  readonly sessionType?: string;
  readonly parameters?: Declarations;
  readonly properties?: Readonly<Record<string, string | undefined>>;
}

/** What a document declares of its parameters. */
type Declarations = Readonly<Record<string, { readonly allowedPattern?: string; readonly default?: string }>>;

function rulesOf(declarations: Declarations): ParameterRules {
  const rules = Object.entries(declarations).map(([name, { allowedPattern, default: value }]) => {
    const pattern = allowedPattern === undefined ? ANYTHING : new RegExp(`^(?:${allowedPattern})$`);
    return [name, { pattern, default: value }];
  });
  return Object.fromEntries(rules) as ParameterRules;
}

/** `{{ localPortNumber }}` is the value of that parameter. */
function fillIn(text: string, values: Readonly<Record<string, string[]>>): string {
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (name, parameter: string) => values[parameter]?.[0] ?? name);
}

async function readDocument(ssm: SSMClient, Name: string): Promise<SessionDocument> {
  try {
    const { Content = "{}" } = await ssm.send(new GetDocumentCommand({ Name, DocumentFormat: "JSON" }));
    return JSON.parse(Content) as SessionDocument;
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidDocument") return {};
    throw error;
  }
}
