// Session documents of the account's own that lead to one port, with nothing left to the caller: they live in moto.
import { GetDocumentCommand, type SSMClient } from "@aws-sdk/client-ssm";

/** A session as the agent begins it: one of AWS's own documents, and its parameters. */
export interface FixedForwarding {
  readonly documentName: string;
  readonly parameters: Record<string, string[]>;
}

/**
 * Where the document leads; undefined for one that there is not, that takes parameters, or that is no port's.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
 */
export async function readFixedForwarding(ssm: SSMClient, documentName: string): Promise<FixedForwarding | undefined> {
  const { sessionType, parameters, properties } = await readDocument(ssm, documentName);
  const { type, portNumber, host, localPortNumber } = properties ?? {};
  const isFixed = Object.keys(parameters ?? {}).length === 0;
  if (sessionType !== "Port" || type !== "LocalPortForwarding" || portNumber === undefined || !isFixed)
    return undefined;
  const given = { portNumber, host, localPortNumber };
  return {
    documentName: `AWS-StartPortForwardingSession${host === undefined ? "" : "ToRemoteHost"}`,
    parameters: Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value]]])),
    ),
  };
}

interface SessionDocument {
  readonly sessionType?: string;
  readonly parameters?: object;
  readonly properties?: Readonly<Record<string, string | undefined>>;
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
