// Asks the sandbox whether somebody may do something: by the SDK's own signed calls, to an endpoint that decides and then
// does nothing, so that nobody is rebooted by a policy that was broken on purpose.
import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
} from "@aws-sdk/client-ec2";
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from "@aws-sdk/client-ec2-instance-connect";
import { DescribeDBInstancesCommand, DescribeDBSubnetGroupsCommand, RDSClient } from "@aws-sdk/client-rds";
import {
  DescribeInstanceInformationCommand,
  DescribeSessionsCommand,
  GetConnectionStatusCommand,
  ResumeSessionCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from "@aws-sdk/client-ssm";
import { AccessKeys, type AccessKey } from "../../sandbox/endpoint/access-keys.ts";
import { AwsError } from "../../sandbox/endpoint/aws-error.ts";
import { EndpointListener, type EndpointOptions } from "../../sandbox/endpoint/endpoint.ts";
import {
  readRolePolicies,
  readUserPolicies,
  type PrincipalPolicies,
} from "../../sandbox/permissions/attached-policies.ts";
import { decideByPolicies, type Caller } from "../../sandbox/permissions/decide.ts";
import { Callers } from "../../sandbox/services/callers.ts";
import { Inventory } from "../../sandbox/services/inventory.ts";
import { makeEd25519KeyPair } from "../../scripts/ssh/openssh-key.ts";
import { systemClock as clock } from "../../session-manager/clock.ts";
import type { TestSandbox } from "../harness/test-sandbox.ts";
import type { Cell, Document, Who } from "./access-matrix.ts";
import { PREFIX, type AccessWorld } from "./access-world.ts";

const DOCUMENT_NAMES: Readonly<Record<Document, string | undefined>> = {
  none: undefined,
  shell: "SSM-SessionManagerRunShell",
  command: "AWS-StartNonInteractiveCommand",
  ssh: "AWS-StartSSHSession",
  port: "AWS-StartPortForwardingSession",
  "remote-port": "AWS-StartPortForwardingSessionToRemoteHost",
  orders: `bastion-${PREFIX}-to-orders`,
  cache: `bastion-${PREFIX}-to-cache`,
  missing: `bastion-${PREFIX}-to-missing`,
};
const TAGS = {
  lease: ["isolated-bastion:healing:0123456789abcdef"],
  access: ["BastionAccess"],
  both: ["isolated-bastion:healing:0123456789abcdef", "BastionAccess"],
  none: [],
};
const PUBLIC_KEY = makeEd25519KeyPair("test").publicKey;
/** Whose session is another's. */
const NEIGHBOURS: Partial<Record<Who, Who>> = { boris: "sara", riley: "robin", robin: "riley" };

interface Clients {
  readonly cloudTrail: CloudTrailClient;
  readonly ec2: EC2Client;
  readonly instanceConnect: EC2InstanceConnectClient;
  readonly rds: RDSClient;
  readonly ssm: SSMClient;
}

export class AccessJudge {
  readonly #world: AccessWorld;
  readonly #sandbox: TestSandbox;
  readonly #keys = new Map<string, Promise<AccessKey | undefined>>();
  readonly #policies = new Map<string, Promise<PrincipalPolicies | undefined>>();
  readonly #sessions = new Map<Who, string>();
  readonly #inventory: Inventory;
  readonly #clients = new Map<Who, Clients>();
  #listener: EndpointListener | undefined;

  constructor(world: AccessWorld, sandbox: TestSandbox) {
    this.#world = world;
    this.#sandbox = sandbox;
    this.#inventory = new Inventory(sandbox.ec2);
  }

  async open(): Promise<void> {
    const sandbox = this.#sandbox;
    const accessKeys = new AccessKeys(sandbox.shared, sandbox.shared.deployer.accessKeyId);
    const callers = new Callers({
      inventory: this.#inventory,
      sessions: sandbox.endpoint.sessions,
      kmsKeys: { find: () => Promise.reject(new TypeError("nobody uses a key here")) },
      decide: async (caller, call) => {
        const principal = await this.#policiesOf(caller);
        return decideByPolicies({ principal, caller, call, region: sandbox.shared.region, nowMs: clock.now() });
      },
    });
    const options: Partial<EndpointOptions> = {
      clock,
      moto: sandbox.shared,
      region: sandbox.shared.region,
      findKey: (id) => remembered(this.#keys, id, () => accessKeys.find(id)),
      authorize: async (call) => {
        await callers.authorize(call);
        throw new AwsError("DryRunOperation", "Request would have succeeded.", 412);
      },
      onAnswered: () => undefined,
      onFault: () => undefined,
    };
    this.#listener = await EndpointListener.listen(0, options as EndpointOptions);
  }

  /** Starts a session of each of these people's own, for real. */
  async startSessions(documents: ReadonlyMap<Who, Document>): Promise<void> {
    for (const [who, document] of documents) {
      const ssm = new SSMClient(this.#sandbox.configuration(this.#world.credentials.get(who)));
      const { SessionId = "" } = await ssm.send(new StartSessionCommand(this.#session("own", document)));
      this.#sessions.set(who, SessionId);
      ssm.destroy();
    }
  }

  /** To be called when the stack has been deployed anew: its policies may have changed, and its instances' tags. */
  forgetDeployment(): void {
    this.forgetPolicies();
    this.#inventory.forget();
  }

  /** To be called when a policy has changed. */
  forgetPolicies(): void {
    this.#policies.clear();
  }

  async close(): Promise<void> {
    for (const clients of this.#clients.values())
      for (const client of Object.values(clients) as EC2Client[]) client.destroy();
    await this.#listener?.close();
  }

  /** @throws what came instead of a yes or a no */
  async allows(cell: Cell): Promise<boolean> {
    try {
      await this.#call(cell);
    } catch (error) {
      const { name } = error as Error;
      if (name === "DryRunOperation") return true;
      if (name === "AccessDeniedException" || name === "UnauthorizedOperation") return false;
      throw error;
    }
    throw new TypeError("the endpoint has done what it was only to decide on");
  }

  #call(cell: Cell): Promise<unknown> {
    const { cloudTrail, ec2, instanceConnect, rds, ssm } = this.#clientsOf(cell.who);
    const id = (): string => this.#world.instanceIds.get("instance" in cell ? cell.instance : "own") ?? "";
    switch (cell.action) {
      case "ec2:DescribeInstances":
        return ec2.send(new DescribeInstancesCommand({}));
      case "ec2:DescribeImages":
        return ec2.send(new DescribeImagesCommand({}));
      case "ec2:DescribeSecurityGroups":
        return ec2.send(new DescribeSecurityGroupsCommand({}));
      case "rds:DescribeDBInstances":
        return rds.send(new DescribeDBInstancesCommand({}));
      case "rds:DescribeDBSubnetGroups":
        return rds.send(new DescribeDBSubnetGroupsCommand({}));
      case "ssm:DescribeInstanceInformation":
        return ssm.send(new DescribeInstanceInformationCommand({}));
      case "ssm:DescribeSessions":
        return ssm.send(new DescribeSessionsCommand({ State: "Active" }));
      case "cloudtrail:LookupEvents":
        return cloudTrail.send(new LookupEventsCommand({}));
      case "ssm:GetConnectionStatus":
        return ssm.send(new GetConnectionStatusCommand({ Target: id() }));
      case "ec2:GetConsoleOutput":
        return ec2.send(new GetConsoleOutputCommand({ InstanceId: id() }));
      case "ec2:RebootInstances":
        return ec2.send(new RebootInstancesCommand({ InstanceIds: [id()] }));
      case "ec2:StartInstances":
        return ec2.send(new StartInstancesCommand({ InstanceIds: [id()] }));
      case "ssm:StartSession":
        return ssm.send(new StartSessionCommand(this.#session(cell.instance, cell.document)));
      case "ec2-instance-connect:SendSSHPublicKey":
        return instanceConnect.send(
          new SendSSHPublicKeyCommand({ InstanceId: id(), InstanceOSUser: cell.osUser, SSHPublicKey: PUBLIC_KEY }),
        );
      case "ec2:CreateTags":
        return ec2.send(
          new CreateTagsCommand({ Resources: [id()], Tags: TAGS[cell.tags].map((Key) => ({ Key, Value: "1" })) }),
        );
      case "ec2:DeleteTags":
        return ec2.send(new DeleteTagsCommand({ Resources: [id()], Tags: TAGS[cell.tags].map((Key) => ({ Key })) }));
      case "ssm:ResumeSession":
        return ssm.send(new ResumeSessionCommand({ SessionId: this.#sessionOf(cell.who, cell.session) }));
      case "ssm:TerminateSession":
        return ssm.send(new TerminateSessionCommand({ SessionId: this.#sessionOf(cell.who, cell.session) }));
    }
  }

  #session(instance: "own" | "other" | "untagged", document: Document): { Target: string; DocumentName?: string } {
    const DocumentName = DOCUMENT_NAMES[document];
    const Target = this.#world.instanceIds.get(instance) ?? "";
    return DocumentName === undefined ? { Target } : { Target, DocumentName };
  }

  /** Those who start no sessions have none, and another's all the same. */
  #sessionOf(who: Who, whose: "own" | "another's"): string {
    const owner = whose === "own" ? who : (NEIGHBOURS[who] ?? "boris");
    return this.#sessions.get(owner) ?? this.#sessions.get("boris") ?? "";
  }

  #policiesOf(caller: Caller): Promise<PrincipalPolicies> {
    const read = caller.type === "User" ? readUserPolicies : readRolePolicies;
    return remembered(this.#policies, caller.name, () => read(this.#sandbox.iam, caller.name)).then((principal) => {
      if (principal === undefined) throw new TypeError(`nobody is called "${caller.name}"`);
      return principal;
    });
  }

  #clientsOf(who: Who): Clients {
    let clients = this.#clients.get(who);
    if (clients === undefined) {
      const configuration = {
        ...this.#sandbox.configuration(this.#world.credentials.get(who)),
        endpoint: this.#listener?.url ?? "",
        maxAttempts: 1,
      };
      clients = {
        cloudTrail: new CloudTrailClient(configuration),
        ec2: new EC2Client(configuration),
        instanceConnect: new EC2InstanceConnectClient(configuration),
        rds: new RDSClient(configuration),
        ssm: new SSMClient(configuration),
      };
      this.#clients.set(who, clients);
    }
    return clients;
  }
}

function remembered<Value>(
  known: Map<string, Promise<Value>>,
  name: string,
  find: () => Promise<Value>,
): Promise<Value> {
  const value = known.get(name) ?? find();
  known.set(name, value);
  return value;
}
