// ARNs of the session documents that policies name.
import type { AwsAccount } from "../aws-account.ts";

/** One of the account's own: its session preferences, or a target's. */
export function ownDocumentArn(account: AwsAccount, name: string): string {
  return account.arn("ssm", `document/${name}`);
}

/** One of AWS's own, whose ARN has no account. */
export function awsDocumentArn({ partition, region }: AwsAccount, name: string): string {
  return `arn:${partition}:ssm:${region}::document/${name}`;
}

/** The shell, and the commands that one could type there. */
export function shellDocumentArns(account: AwsAccount): string[] {
  const commands = ["AWS-StartInteractiveCommand", "AWS-StartNonInteractiveCommand"];
  return [
    ownDocumentArn(account, "SSM-SessionManagerRunShell"),
    ...commands.map((name) => awsDocumentArn(account, name)),
  ];
}

/** The tunnel to sshd. */
export function sshDocumentArn(account: AwsAccount): string {
  return awsDocumentArn(account, "AWS-StartSSHSession");
}

/** Session Manager's own port forwarding: to the bastion itself, and to what it reaches. */
export function portDocumentArns(account: AwsAccount): string[] {
  const documents = ["AWS-StartPortForwardingSession", "AWS-StartPortForwardingSessionToRemoteHost"];
  return documents.map((name) => awsDocumentArn(account, name));
}
