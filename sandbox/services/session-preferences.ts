// The account's session preferences: a document of its own, in moto.
import { GetDocumentCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { SESSION_DOCUMENTS } from "./session-documents.ts";

/** What the preferences say; what they leave out is undefined or empty, as without preferences. */
export interface SessionPreferences {
  /** Id, ARN or alias of the key that encrypts shells. */
  readonly kmsKeyId: string | undefined;
  readonly logGroup: PreferredLogGroup | undefined;
  readonly bucket: PreferredBucket | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly maxDurationMs: number | undefined;
  /** Empty where a user is wanted and none is named. */
  readonly runAsUser: string | undefined;
  readonly linuxProfile: string;
}

export interface PreferredLogGroup {
  readonly name: string;
  readonly mustBeEncrypted: boolean;
  /** Whether the log arrives during the session. */
  readonly isStreamed: boolean;
}

export interface PreferredBucket {
  readonly name: string;
  /** Folder of the logs. */
  readonly keyPrefix: string;
  readonly mustBeEncrypted: boolean;
}

const MINUTE_MS = 60_000;

type Inputs = Readonly<Record<string, unknown>>;

/** @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html */
export async function readSessionPreferences(ssm: SSMClient): Promise<SessionPreferences> {
  const { inputs = {} } = JSON.parse(await readDocument(ssm)) as { readonly inputs?: Inputs };
  const profile = inputs["shellProfile"] as Inputs | undefined;
  return {
    kmsKeyId: text(inputs, "kmsKeyId"),
    logGroup: logGroupIn(inputs),
    bucket: bucketIn(inputs),
    idleTimeoutMs: milliseconds(inputs, "idleSessionTimeout"),
    maxDurationMs: milliseconds(inputs, "maxSessionDuration"),
    runAsUser: inputs["runAsEnabled"] === true ? (text(inputs, "runAsDefaultUser") ?? "") : undefined,
    linuxProfile: (profile && text(profile, "linux")) ?? "",
  };
}

function logGroupIn(inputs: Inputs): PreferredLogGroup | undefined {
  const name = text(inputs, "cloudWatchLogGroupName");
  if (name === undefined) return undefined;
  const isStreamed = inputs["cloudWatchStreamingEnabled"] === true;
  return { name, mustBeEncrypted: inputs["cloudWatchEncryptionEnabled"] === true, isStreamed };
}

function bucketIn(inputs: Inputs): PreferredBucket | undefined {
  const name = text(inputs, "s3BucketName");
  if (name === undefined) return undefined;
  const keyPrefix = text(inputs, "s3KeyPrefix") ?? "";
  return { name, keyPrefix, mustBeEncrypted: inputs["s3EncryptionEnabled"] === true };
}

function text(inputs: Inputs, name: string): string | undefined {
  const value = inputs[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function milliseconds(inputs: Inputs, name: string): number | undefined {
  const minutes = text(inputs, name);
  return minutes === undefined ? undefined : Number(minutes) * MINUTE_MS;
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
