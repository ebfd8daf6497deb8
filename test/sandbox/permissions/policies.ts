// The policies of the three kinds of users that the bastion's stack knows, as an administrator would write them.

const ACCOUNT = "123456789012";
const INSTANCES = `arn:aws:ec2:eu-central-1:${ACCOUNT}:instance/*`;
const SESSIONS = `arn:aws:ssm:eu-central-1:${ACCOUNT}:session/*`;

export const SHELL_DOCUMENT = `arn:aws:ssm:eu-central-1:${ACCOUNT}:document/SSM-SessionManagerRunShell`;
export const SSH_DOCUMENT = "arn:aws:ssm:eu-central-1::document/AWS-StartSSHSession";

export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const DOCUMENT_CHECK = { BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" } };

const pushKey: Statement = {
  Sid: "PushKey",
  Effect: "Allow",
  Action: "ec2-instance-connect:SendSSHPublicKey",
  Resource: INSTANCES,
  Condition: { StringEquals: { "ec2:osuser": "ec2-user", "aws:ResourceTag/BastionAccess": "team" } },
};

function statements(documents: readonly string[]): Statement[] {
  return [
    {
      Sid: "Discover",
      Effect: "Allow",
      Action: ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:DescribeSessions"],
      Resource: "*",
    },
    { Sid: "ConnectionStatus", Effect: "Allow", Action: "ssm:GetConnectionStatus", Resource: INSTANCES },
    {
      Sid: "StartOnBastion",
      Effect: "Allow",
      Action: "ssm:StartSession",
      Resource: INSTANCES,
      Condition: { StringEquals: { "aws:ResourceTag/BastionAccess": "team" }, ...DOCUMENT_CHECK },
    },
    {
      Sid: "WithDocument",
      Effect: "Allow",
      Action: "ssm:StartSession",
      Resource: documents,
      Condition: DOCUMENT_CHECK,
    },
    {
      Sid: "OwnSessions",
      Effect: "Allow",
      Action: ["ssm:ResumeSession", "ssm:TerminateSession"],
      Resource: SESSIONS,
      Condition: { StringEquals: { "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}" } },
    },
    { Sid: "DataChannel", Effect: "Allow", Action: "ssmmessages:OpenDataChannel", Resource: SESSIONS },
  ];
}

export const shellOnly: readonly Statement[] = statements([SHELL_DOCUMENT]);
export const shellAndSsh: readonly Statement[] = [...statements([SHELL_DOCUMENT, SSH_DOCUMENT]), pushKey];
export const sshForced: readonly Statement[] = [...statements([SSH_DOCUMENT]), pushKey];
