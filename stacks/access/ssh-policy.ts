// Lets people log in to the bastion by ssh, with a key that is authorized for one OS user.
import type { Construct } from "constructs";
import { AccessPolicy, find, keepSessions, pushKeys, startSessions } from "./access-policy.ts";
import { ownDocumentArn, shellDocumentArns, sshDocumentArn } from "./session-documents.ts";
import { encryptSessions, type ShellPolicyProps } from "./shell-policy.ts";

export interface SshPolicyProps extends ShellPolicyProps {
  /** Who they may log in as: the image's own user, and the one for tunnels. */
  readonly osUsers: readonly string[];
  /** Whether they may also open shells without ssh; those run as `ssm-user`, or as the session preferences say. */
  readonly opensShells: boolean;
  /**
   * Names of the documents that lead to one target each. Whoever logs in can forward anywhere, so they give nothing more;
   * but tunnel.ts goes by them first.
   *
   * @default - none
   */
  readonly documentNames?: readonly string[];
}

export class SshPolicy extends AccessPolicy {
  constructor(scope: Construct, id: string, props: SshPolicyProps) {
    const { account, osUsers, opensShells, documentNames = [] } = props;
    const own = documentNames.map((name) => ownDocumentArn(account, name));
    const shells = opensShells ? shellDocumentArns(account) : [];
    super(scope, id, {
      name: props.name,
      description: `Logs in to the bastion by ssh${opensShells ? ", and opens shells on it" : " only"}`,
      statements: [
        // Images tell why a key is refused.
        find("ec2:DescribeImages"),
        ...startSessions(props, [...shells, sshDocumentArn(account), ...own], { opensShells }),
        ...pushKeys(props, osUsers),
        ...keepSessions(props),
        ...(opensShells ? encryptSessions(props) : []),
      ],
    });
  }
}
