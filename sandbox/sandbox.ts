// The sandbox put together: moto, and the endpoint in front of it with all that is behind.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AttachUserPolicyCommand, CreateAccessKeyCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import type { Clock } from "../session-manager/clock.ts";
import { AccessKeys } from "./endpoint/access-keys.ts";
import { EndpointListener } from "./endpoint/endpoint.ts";
import { noFaults, type Faults } from "./faults.ts";
import { motoClients } from "./moto/moto-clients.ts";
import { startMotoServer, type MotoAddress, type MotoServer } from "./moto/moto.ts";
import { provideVirtualEnvironment } from "./python/virtual-environment.ts";
import { joinServices, type Services } from "./services/services.ts";
import { SsmMessages, type SsmMessagesOptions } from "./services/ssm-messages.ts";

/** Keys that an AWS tool signs with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface MotoOptions {
  /** The sandbox's directory; made if missing. Keeps moto's virtual environment. */
  readonly directory: string;
  /**
   * Gets moto's log.
   *
   * @default - the sandbox's directory
   */
  readonly logDirectory?: string;
  /** The checkout. */
  readonly projectDirectory: string;
  readonly region: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told before a part that takes long. */
  readonly onProgress?: ((detail: string) => void) | undefined;
}

/** A running moto, and the keys of the IAM user who may do everything in it. */
export interface Moto extends MotoServer {
  readonly deployer: Credentials;
}

const DEPLOYER = "deployer";
const ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess";

/**
 * Installs moto where it is not, starts it, and makes the deployer.
 *
 * It ends when it is closed, or when this process does, however that may be.
 *
 * @throws UserError with the end of the log of what went wrong
 */
export async function startMoto(options: MotoOptions): Promise<Moto> {
  const { directory, projectDirectory, region, clock, signal, onProgress } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const sources = join(projectDirectory, "sandbox", "moto");
  const requirementsPath = join(sources, "requirements.txt");
  const python = await provideVirtualEnvironment({
    name: "moto",
    directory,
    requirementsPath,
    clock,
    signal,
    onProgress,
  });
  onProgress?.("starting moto");
  const program = join(sources, "serve.py");
  const server = await startMotoServer({
    python,
    program,
    directory: options.logDirectory ?? directory,
    region,
    clock,
    signal,
  });
  try {
    return { ...server, deployer: await makeDeployer(server, region) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function makeDeployer(moto: MotoAddress, region: string): Promise<Credentials> {
  const { iam } = motoClients(moto, region);
  await iam.send(new CreateUserCommand({ UserName: DEPLOYER }));
  await iam.send(new AttachUserPolicyCommand({ UserName: DEPLOYER, PolicyArn: ADMINISTRATOR }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: DEPLOYER }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
}

export interface SandboxEndpointOptions {
  readonly moto: MotoAddress;
  /** Keys of `startMoto`'s deployer, which may do everything. */
  readonly credentials: Credentials;
  /** For host keys and homes of the instances; made if missing. */
  readonly directory: string;
  readonly region: string;
  readonly clock: Clock;
  /** What runs behind port 22 of an instance. */
  readonly sshServer: "ssh2" | "sshd";
  /**
   * Loopback port to listen on.
   *
   * @default 0 - any that is free
   */
  readonly port?: number;
  /**
   * How the URLs of data channels begin, where the endpoint is reached by another name than its own.
   *
   * @default - `ws:` at the endpoint itself
   */
  readonly streamOrigin?: string;
  /**
   * Time from an instance's start until its SSM Agent registers; on AWS about a minute.
   *
   * @default 2_000
   */
  readonly bootMs?: number;
  /**
   * Release of the SSM Agents, four numbers with dots: clients decide by it what to speak.
   *
   * @default "3.3.987.0"
   */
  readonly agentVersion?: string;
  /**
   * What goes wrong on data channels; may be changed at any time.
   *
   * @default - nothing
   */
  readonly faults?: Faults;
  /** Told of an error that no caller has caused. */
  readonly onFault?: (error: unknown) => void;
}

/** A running endpoint, and what is behind it, for a test to look at and to play with. */
export interface Endpoint extends Pick<
  Services,
  "sessions" | "nodes" | "instances" | "databases" | "authorizedKeys" | "eventBus"
> {
  /** E.g. `http://127.0.0.1:40123`: the value of AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly region: string;
  readonly deployer: Credentials;
  /** What goes wrong on data channels. */
  readonly faults: Faults;
  /** Ends every data channel and every program on the instances. */
  close(): Promise<void>;
}

/** The SSM Agent after which the sandbox's own is written. */
const AGENT_VERSION = "3.3.987.0";
const BOOT_MS = 2_000;

/**
 * Starts the one listener, on a loopback port.
 *
 * @throws the system's error if the port is taken, e.g. `EADDRINUSE`
 */
export async function startEndpoint(options: SandboxEndpointOptions): Promise<Endpoint> {
  const { moto, credentials, clock, region, bootMs = BOOT_MS, faults = noFaults() } = options;
  const { agentVersion = AGENT_VERSION, onFault = () => undefined } = options;
  const streamOrigin = (): string => options.streamOrigin ?? listener.url.replace("http:", "ws:");
  const clients = motoClients(moto, region);
  const keys = new AccessKeys(moto, credentials.accessKeyId);
  const services = joinServices({ ...options, ...clients, keys, faults, bootMs, agentVersion, streamOrigin, onFault });
  const { sessions, nodes, instances, databases, authorizedKeys } = services;
  const encryption: SsmMessagesOptions["encryption"] = (session) => services.sessionKeys.encryptionOf(session);
  const shell: SsmMessagesOptions["shell"] = (session) => services.preferredShells.of(session);
  const dataChannels = new SsmMessages({ sessions, instances, clock, faults, agentVersion, encryption, shell });
  await nodes.begin();
  const listener = await listen({ ...options, keys }, services, dataChannels);
  const close = async (): Promise<void> => {
    nodes.close();
    const closed = listener.close(); // takes no new connection from here on, and waits for the last to end
    await dataChannels.close();
    await closed;
    await services.eventBus.settled();
    await instances.close();
    await databases.close();
    for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
  };
  return {
    url: listener.url,
    region,
    deployer: credentials,
    sessions,
    nodes,
    instances,
    databases,
    authorizedKeys,
    eventBus: services.eventBus,
    faults,
    close,
  };
}

interface Keys {
  readonly keys: AccessKeys;
}

function listen(
  { moto, clock, region, port = 0, keys, onFault = () => undefined }: SandboxEndpointOptions & Keys,
  { callers, cloudTrail, lifecycle, ownCalls }: Services,
  dataChannels: SsmMessages,
): Promise<EndpointListener> {
  return EndpointListener.listen(port, {
    clock,
    moto,
    region,
    findKey: (accessKeyId) => keys.find(accessKeyId),
    ownCalls,
    authorize: (call) => callers.authorize(call),
    onDone: (call) => lifecycle.onDone(call),
    onAnswered: (call, origin, outcome) => {
      cloudTrail.record(call, origin, outcome);
    },
    onFault,
    dataChannels: {
      authorize: (caller, sessionId) => callers.authorizeDataChannel(caller, sessionId),
      handleUpgrade: (request, socket, head) => {
        dataChannels.handleUpgrade(request, socket, head);
      },
    },
  });
}
