// The SSH server of an instance, by the ssh2 package: it needs neither root nor a user of the system, and opens no port.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type AuthContext, type Connection, type PublicKeyAuthContext } from "ssh2";
import type { Clock } from "../../session-manager/clock.ts";
import type { HostKey } from "./host-key.ts";
import type { Login } from "./login.ts";
import { serveForwarding, type Dial } from "./ssh-forwarding.ts";
import { SshSession } from "./ssh-session.ts";

export interface SshServerOptions {
  readonly hostKey: HostKey;
  readonly clock: Clock;
  /** The login that every admitted user gets: the person who runs the sandbox. */
  readonly login: Login;
  /** The keys, `<algorithm> <base64>`, that open the account of `osUser` at the moment of the call. */
  readonly keysOf: (osUser: string) => readonly string[];
  readonly dial: Dial;
}

/** As sshd's LoginGraceTime and MaxAuthTries. */
const LOGIN_LIMIT_MS = 120_000;
const MAX_LOGIN_ATTEMPTS = 6;

/** Node's longest timer. ssh2 pings an idle client otherwise, and Session Manager would take that for activity. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Only AES-GCM, which every OpenSSH since 6.2 speaks: clients prefer ChaCha20, which ssh2 computes in WebAssembly
 * where its native addon is not built (132 against 176 MB/s).
 */
const CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"] as const;

/** Speaks SSH on the streams that are handed in. */
export class SshServer {
  readonly #options: SshServerOptions;
  readonly #server: InstanceType<typeof ssh2.Server>;
  readonly #connections = new Set<() => void>();

  constructor(options: SshServerOptions) {
    this.#options = options;
    const configuration = {
      hostKeys: [options.hostKey.privateKey],
      ident: "isolated-bastion-sandbox",
      keepaliveInterval: NEVER_MS,
      algorithms: { cipher: [...CIPHERS] },
    };
    this.#server = new ssh2.Server(configuration, (connection) => {
      this.#serve(connection);
    });
  }

  /** Serves one client on `stream`, until either side ends it. */
  accept(stream: Duplex): void {
    const drop = (): void => {
      stream.destroy();
    };
    this.#connections.add(drop);
    stream.once("close", () => this.#connections.delete(drop));
    stream.once("end", () => stream.end()); // as a socket would; ssh2 leaves it open, and what it runs running
    this.#server.injectSocket(asSocket(stream));
  }

  /** Ends all connections, and with them the programs that they started. */
  close(): void {
    for (const drop of this.#connections) drop();
  }

  #serve(connection: Connection): void {
    const { clock, login, dial } = this.#options;
    const running = new Set<() => void>();
    const callOff = clock.schedule(LOGIN_LIMIT_MS, () => {
      connection.end();
    });
    connection.on("error", () => undefined); // a client that leaves or breaks the protocol; "close" follows
    connection.once("close", () => {
      callOff();
      for (const hangUp of running) hangUp();
    });
    this.#authenticate(connection);
    connection.once("ready", () => {
      callOff();
      serveForwarding(connection, dial);
      connection.on("session", (accept) => new SshSession(accept(), { login, clock, running }));
    });
  }

  #authenticate(connection: Connection): void {
    let attempts = 0;
    connection.on("authentication", (context: AuthContext) => {
      const admitted = context.method === "publickey" && this.#admits(context);
      if (admitted) context.accept();
      else if (++attempts < MAX_LOGIN_ATTEMPTS) context.reject(["publickey"]);
      else connection.end();
    });
  }

  /** Without a signature the client only asks whether the key would do. */
  #admits({ username, key, blob, signature, hashAlgo }: PublicKeyAuthContext): boolean {
    const authorized = this.#options
      .keysOf(username)
      .find((line) => line.split(" ")[1] === key.data.toString("base64"));
    if (authorized === undefined) return false;
    if (signature === undefined || blob === undefined) return true;
    const publicKey = ssh2.utils.parseKey(authorized);
    return !(publicKey instanceof Error) && publicKey.verify(blob, signature, hashAlgo);
  }
}

/** ssh2 reads and writes what it is given, and asks nothing of it that only a socket has. */
function asSocket(stream: Duplex): Socket {
  return stream as unknown as Socket;
}
