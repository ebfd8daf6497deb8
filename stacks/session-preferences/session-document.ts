// The document in which an account keeps its session preferences.
import { Construct } from "constructs";
import { SsmDocument } from "@cdktf/provider-aws/lib/ssm-document/index.js";
import { MAIN_RESOURCE } from "../named-stack.ts";

/** AWS's name for it: there is one in each account and Region. */
export const PREFERENCES_DOCUMENT = "SSM-SessionManagerRunShell";

export interface SessionDocumentProps {
  /** The key that encrypts the data of shells, beside TLS. */
  readonly kmsKeyArn: string;
  /** Silence after which a session ends, in minutes. */
  readonly idleSessionTimeoutMinutes: number;
  /**
   * Age at which a session ends, in minutes.
   *
   * @default - no limit
   */
  readonly maxSessionDurationMinutes?: number | undefined;
  /**
   * An encrypted log group; without KMS on it no shell starts.
   *
   * @default - no log in CloudWatch
   */
  readonly logGroupName?: string | undefined;
  /**
   * Whether the log arrives while the session lasts.
   *
   * @default true
   */
  readonly streamsLog?: boolean;
  /**
   * An encrypted bucket, and the folder of the logs in it.
   *
   * @default - no log in S3
   */
  readonly bucket?: { readonly name: string; readonly keyPrefix: string } | undefined;
  /**
   * The OS user that shells start as; without that user on the instance no shell starts.
   *
   * @default - `ssm-user`, which the agent makes
   */
  readonly runAsDefaultUser?: string | undefined;
  /**
   * What is typed into each new shell.
   *
   * @default - nothing
   */
  readonly shellProfile?: { readonly linux: string; readonly windows: string };
  /**
   * Whether the document exists already and is taken over.
   *
   * @default false
   */
  readonly importExisting?: boolean;
}

export class SessionDocument extends Construct {
  readonly documentName: string;

  constructor(scope: Construct, id: string, props: SessionDocumentProps) {
    super(scope, id);
    const document = new SsmDocument(this, MAIN_RESOURCE, {
      name: PREFERENCES_DOCUMENT,
      documentType: "Session",
      documentFormat: "JSON",
      // JSON of our own and not Terraform's jsonencode, behind which scanners see nothing.
      content: JSON.stringify({
        schemaVersion: "1.0",
        description: "Session preferences of this account and Region",
        sessionType: "Standard_Stream",
        inputs: inputsOf(props),
      }),
    });
    if (props.importExisting === true) document.importFrom(PREFERENCES_DOCUMENT);
    this.documentName = document.name;
  }
}

/** @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html */
function inputsOf(props: SessionDocumentProps): object {
  const { kmsKeyArn, idleSessionTimeoutMinutes, maxSessionDurationMinutes, runAsDefaultUser } = props;
  return {
    kmsKeyId: kmsKeyArn,
    ...logInputs(props),
    // Text and not numbers, by the document's schema.
    idleSessionTimeout: String(idleSessionTimeoutMinutes),
    maxSessionDuration: maxSessionDurationMinutes === undefined ? "" : String(maxSessionDurationMinutes),
    runAsEnabled: runAsDefaultUser !== undefined,
    runAsDefaultUser: runAsDefaultUser ?? "",
    shellProfile: props.shellProfile ?? { linux: "", windows: "" },
  };
}

function logInputs({ logGroupName, streamsLog = true, bucket }: SessionDocumentProps): object {
  return {
    cloudWatchLogGroupName: logGroupName ?? "",
    cloudWatchEncryptionEnabled: logGroupName !== undefined,
    cloudWatchStreamingEnabled: logGroupName !== undefined && streamsLog,
    s3BucketName: bucket?.name ?? "",
    s3KeyPrefix: bucket?.keyPrefix ?? "",
    s3EncryptionEnabled: bucket !== undefined,
  };
}
