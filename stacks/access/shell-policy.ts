// Lets people open shells on the bastion, and nothing by ssh.
import type { Construct } from "constructs";
import type { PolicyStatement } from "../policy-document.ts";
import { AccessPolicy, find, keepSessions, startSessions, type AccessPolicyProps } from "./access-policy.ts";
import { shellDocumentArns } from "./session-documents.ts";

export interface ShellPolicyProps extends AccessPolicyProps {
  /**
   * The key of the account's session preferences, where they name one.
   *
   * @default - sessions are encrypted by TLS only
   */
  readonly sessionKeyArn?: string | undefined;
}

export class ShellPolicy extends AccessPolicy {
  constructor(scope: Construct, id: string, props: ShellPolicyProps) {
    super(scope, id, {
      name: props.name,
      description: "Opens shells on the bastion, as the session preferences say",
      statements: [
        find(),
        ...startSessions(props, shellDocumentArns(props.account), { opensShells: true }),
        ...keepSessions(props),
        ...encryptSessions(props),
      ],
    });
  }
}

/** The client asks KMS for the key of each session itself. */
export function encryptSessions({ sessionKeyArn }: ShellPolicyProps): PolicyStatement[] {
  if (sessionKeyArn === undefined) return [];
  return [
    {
      Sid: "Encrypt",
      Effect: "Allow",
      Action: "kms:GenerateDataKey",
      Resource: sessionKeyArn,
      Condition: { StringLike: { "kms:EncryptionContext:aws:ssm:TargetId": "i-*" } },
    },
  ];
}
