// The instances' inside: what listens on their ports, above all an SSH server each.
import { chmod, mkdir } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import type { AuthorizedKeys } from "./authorized-keys.ts";
import { hostKeyIn, type HostKey } from "./host-key.ts";
import { joinedStreams } from "./joined-streams.ts";
import { loginAt, type Login } from "./login.ts";
import { SshServer } from "./ssh-server.ts";
import { Sshd } from "./sshd.ts";

export interface InstancesOptions {
  /** Directory of the sandbox for its instances; each gets one of its own in it. Made if missing, mode 0700. */
  readonly directory: string;
  readonly clock: Clock;
  readonly authorizedKeys: AuthorizedKeys;
  /** `ssh2`: a server inside this process, for any OS user. `sshd`: OpenSSH's own, for the person who runs the sandbox. */
  readonly sshServer: "ssh2" | "sshd";
  /**
   * How an instance reaches what stands beside it in its network; undefined for a host that is none of that.
   *
   * @default - nothing stands there
   */
  readonly dialNeighbour?: DialNeighbour;
}

/** A connection from an instance to a host of its network; undefined when there is no such host in it. */
export type DialNeighbour = (instanceId: string, host: string, port: number) => Promise<Duplex | undefined>;

/** What accepts connections to an instance's port 22. */
interface SshListener {
  accept(stream: Duplex): void;
  close(): void;
}

interface Instance {
  readonly hostKey: HostKey;
  readonly sshServer: SshListener;
  readonly login: Login;
}

/** What is known of an instance before its SSH server runs. */
interface Starting {
  readonly instanceId: string;
  readonly directory: string;
  readonly hostKey: HostKey;
  readonly login: Login;
}

const SSH_PORT = 22;
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"];

/** AWS's form; it becomes the name of a directory, so nothing else may pass. */
const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/;

/**
 * The instances that run on this computer.
 *
 * An instance is a directory (host key, HOME) and an SSH server that has no port: `connect` is the only way in.
 * Its programs are real ones, run as the person who started the sandbox; its localhost is this computer's, but for port 22.
 */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #instances = new Map<string, Promise<Instance>>();

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  /**
   * A connection to what listens on the instance's port.
   *
   * @throws the system's own error (`ECONNREFUSED`, ...) when nothing listens there
   * @throws UserError if the SSH server cannot be started on this computer
   */
  async connect(instanceId: string, port: number): Promise<Duplex> {
    return this.connectFrom(instanceId, "localhost", port);
  }

  /** A connection from the instance to a host and port: itself, or one behind it. */
  async connectFrom(instanceId: string, host: string, port: number): Promise<Duplex> {
    if (port === SSH_PORT && LOOPBACK_NAMES.includes(host)) return this.#connectSsh(instanceId);
    return (await this.#options.dialNeighbour?.(instanceId, host, port)) ?? dialTcp(host, port);
  }

  /** The instance's host keys, each `<algorithm> <base64>`. */
  async hostPublicKeys(instanceId: string): Promise<string[]> {
    const { hostKey } = await this.#instance(instanceId);
    return [hostKey.publicKey];
  }

  /** What a program on the instance starts with; the first call makes the instance ready. */
  async login(instanceId: string): Promise<Login> {
    return (await this.#instance(instanceId)).login;
  }

  /** Ends all connections and programs of the instance, as a reboot does; host key and HOME stay. */
  async stop(instanceId: string): Promise<void> {
    const started = this.#instances.get(instanceId);
    this.#instances.delete(instanceId);
    (await started)?.sshServer.close();
  }

  /** Stops all instances. */
  async close(): Promise<void> {
    await Promise.all([...this.#instances.keys()].map((instanceId) => this.stop(instanceId)));
  }

  async #connectSsh(instanceId: string): Promise<Duplex> {
    const { sshServer } = await this.#instance(instanceId);
    const [near, far] = joinedStreams();
    sshServer.accept(far);
    return near;
  }

  #instance(instanceId: string): Promise<Instance> {
    if (!INSTANCE_ID.test(instanceId)) throw new TypeError("cannot start an instance: its id is not one of EC2's");
    let instance = this.#instances.get(instanceId);
    if (instance === undefined) {
      instance = this.#start(instanceId);
      this.#instances.set(instanceId, instance);
      instance.catch(() => this.#instances.delete(instanceId)); // the next call tries again, and tells again
    }
    return instance;
  }

  async #start(instanceId: string): Promise<Instance> {
    const directory = join(this.#options.directory, instanceId);
    const home = join(directory, "home");
    await mkdir(home, { recursive: true, mode: 0o700 });
    await Promise.all([this.#options.directory, directory, home].map((folder) => chmod(folder, 0o700)));
    const hostKey = await hostKeyIn(directory);
    const login = loginAt(home);
    return { hostKey, login, sshServer: await this.#listen({ instanceId, directory, hostKey, login }) };
  }

  async #listen({ instanceId, directory, hostKey, login }: Starting): Promise<SshListener> {
    const { clock, authorizedKeys, sshServer } = this.#options;
    if (sshServer === "sshd") return Sshd.start({ instanceId, directory, hostKey, home: login.home, authorizedKeys });
    return new SshServer({
      hostKey,
      clock,
      login,
      keysOf: (osUser) => authorizedKeys.valid(instanceId, osUser),
      dial: (host, port) => this.connectFrom(instanceId, host, port),
    });
  }
}

function dialTcp(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, allowHalfOpen: true, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}
