// The account's session preferences: a document of its own, in moto, of which the sandbox heeds the KMS key.
import { GetDocumentCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { SESSION_DOCUMENTS } from "./session-documents.ts";

/**
 * The KMS key that the preferences name: id, ARN or alias; undefined where they name none, or there are none.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-preferences-cli.html
 */
export async function preferredKmsKeyId(ssm: SSMClient): Promise<string | undefined> {
  const content = await readDocument(ssm);
  const { inputs } = JSON.parse(content) as { readonly inputs?: { readonly kmsKeyId?: unknown } };
  const kmsKeyId = inputs?.kmsKeyId;
  return typeof kmsKeyId === "string" && kmsKeyId !== "" ? kmsKeyId : undefined;
}

/** The console makes the document when somebody changes a preference; until then there is none. */
async function readDocument(ssm: SSMClient): Promise<string> {
  try {
    const { Content } = await ssm.send(new GetDocumentCommand({ Name: SESSION_DOCUMENTS.shell }));
    return Content ?? "{}";
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidDocument") return "{}";
    throw error;
  }
}
