// Lets people reach one target and nothing else: a session document with host and port in it, and a policy for it alone.
import { Construct } from "constructs";
import { SsmDocument } from "@cdktf/provider-aws/lib/ssm-document/index.js";
import { AccessPolicy, keepSessions, startSessions, type AccessPolicyProps } from "./access-policy.ts";
import { ownDocumentArn } from "./session-documents.ts";
import { findDatabases } from "./tunnel-policy.ts";

export interface TargetAccessProps extends AccessPolicyProps {
  /** Name of the document, by which StartSession is called. */
  readonly documentName: string;
  /** The target's host, as the bastion resolves it. */
  readonly host: string;
  /** The target's port. */
  readonly port: number;
}

export class TargetAccess extends Construct {
  readonly policyArn: string;

  constructor(scope: Construct, id: string, props: TargetAccessProps) {
    super(scope, id);
    new SsmDocument(this, "session_document", {
      name: props.documentName,
      documentType: "Session",
      documentFormat: "JSON",
      content: JSON.stringify(portDocument(props)),
    });
    this.policyArn = new TargetPolicy(this, "policy", props).arn;
  }
}

class TargetPolicy extends AccessPolicy {
  constructor(scope: Construct, id: string, props: TargetAccessProps) {
    const { account, name, documentName, host, port } = props;
    super(scope, id, {
      name,
      description: `Reaches ${host}:${port} through the bastion, and nothing else`,
      statements: [
        ...findDatabases(account),
        ...startSessions(props, [ownDocumentArn(account, documentName)], { opensShells: false }),
        ...keepSessions(props),
      ],
    });
  }
}

/**
 * AWS-StartPortForwardingSessionToRemoteHost, but for what the caller may choose: only the port at their own end.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
 */
function portDocument({ host, port }: TargetAccessProps): object {
  return {
    schemaVersion: "1.0",
    description: `Forwards to ${host}:${port}`,
    sessionType: "Port",
    parameters: {
      localPortNumber: {
        type: "String",
        description: "Port at the caller's end; 0 is any that is free",
        allowedPattern: "^[0-9]{1,5}$",
        default: "0",
      },
    },
    properties: {
      host,
      portNumber: String(port),
      type: "LocalPortForwarding",
      localPortNumber: "{{ localPortNumber }}",
    },
  };
}
