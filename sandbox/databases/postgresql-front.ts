// What stands at the port of an RDS instance: TLS, the check of IAM tokens, and behind it a real PostgreSQL.
import { once } from "node:events";
import { pipeline, type Duplex } from "node:stream";
import { TLSSocket, createSecureContext, type SecureContext } from "node:tls";
import type { Certificate } from "./certificates.ts";
import {
  ASK_FOR_PASSWORD,
  MAX_FIRST_PACKET_BYTES,
  MAX_PASSWORD_BYTES,
  PASSWORD,
  fatalError,
  isAuthenticationOk,
  readFirstPacket,
  readPassword,
  type FirstPacket,
} from "./postgresql-messages.ts";
import { SUPERUSER, type Postgresql } from "./postgresql.ts";
import { readMessage } from "./read-bytes.ts";

export interface PostgresqlFrontOptions {
  readonly postgresql: Pick<Postgresql, "connect">;
  readonly certificate: Certificate;
  /** Whether the token lets this database user in. */
  readonly isTokenValid: (user: string, token: string) => Promise<boolean>;
}

type Startup = Extract<FirstPacket, { type: "startup" }>;

/**
 * Serves connections to one instance.
 *
 * RDS hands a user with the role rds_iam to PAM, which checks the token. Here the cluster believes such a user at once
 * (its pg_hba.conf says "trust" for the role), and that is how the front learns that there is a token to be checked;
 * everybody else has a password, which is PostgreSQL's own business.
 */
export class PostgresqlFront {
  readonly #options: PostgresqlFrontOptions;
  readonly #context: SecureContext;
  readonly #connections = new Set<Duplex>();

  constructor(options: PostgresqlFrontOptions) {
    this.#options = options;
    this.#context = createSecureContext(options.certificate);
  }

  /** Serves one client, until either side ends it. */
  accept(stream: Duplex): void {
    this.#connections.add(stream);
    stream.once("close", () => this.#connections.delete(stream));
    stream.on("error", () => stream.destroy());
    this.#serve(stream).catch(() => stream.destroy()); // a client that says nothing sensible hears nothing
  }

  /** Ends all connections. */
  close(): void {
    for (const stream of this.#connections) stream.destroy();
  }

  async #serve(stream: Duplex): Promise<void> {
    const packet = await readMessage(stream, 4, MAX_FIRST_PACKET_BYTES);
    const first = readFirstPacket(packet);
    switch (first.type) {
      case "gss-request":
        stream.write("N");
        return this.#serve(stream);
      case "tls-request":
        return this.#serveSecurely(stream);
      case "startup":
        // What RDS answers with rds.force_ssl, which is on since PostgreSQL 15.
        stream.end(fatalError(`no pg_hba.conf entry for ${whom(first)}, no encryption`));
        return;
      case "cancel-request": // most clients send it without TLS; its content is the secret
        return this.#cancel(stream, packet);
      case "unknown":
        stream.destroy();
    }
  }

  async #cancel(stream: Duplex, packet: Buffer): Promise<void> {
    const server = await this.#options.postgresql.connect();
    pipeline(server, stream, () => stream.destroy()); // the server says nothing and closes
    server.end(packet);
  }

  async #serveSecurely(stream: Duplex): Promise<void> {
    stream.write("S");
    const secure = new TLSSocket(stream, { isServer: true, secureContext: this.#context });
    secure.on("error", () => stream.destroy());
    await once(secure, "secure");
    const packet = await readMessage(secure, 4, MAX_FIRST_PACKET_BYTES);
    const first = readFirstPacket(packet);
    if (first.type === "cancel-request") await this.#cancel(secure, packet);
    else if (first.type !== "startup") secure.destroy();
    else if (first.user === SUPERUSER) secure.end(fatalError(`pg_hba.conf rejects connection for ${whom(first)}`));
    else await this.#logIn(secure, first, packet);
  }

  async #logIn(client: Duplex, { user }: Startup, packet: Buffer): Promise<void> {
    const server = await this.#options.postgresql.connect();
    server.on("error", () => client.destroy());
    client.once("close", () => server.destroy());
    server.write(packet);
    const answer = await readMessage(server, 5, MAX_FIRST_PACKET_BYTES);
    if (isAuthenticationOk(answer) && !(await this.#hasToken(client, user))) {
      server.destroy();
      client.end(fatalError(`PAM authentication failed for user "${user}"`));
      return;
    }
    client.write(answer);
    pipeline(server, client, () => client.destroy());
    pipeline(client, server, () => server.destroy());
  }

  async #hasToken(client: Duplex, user: string): Promise<boolean> {
    client.write(ASK_FOR_PASSWORD);
    const message = await readMessage(client, 5, MAX_PASSWORD_BYTES);
    return message[0] === PASSWORD && this.#options.isTokenValid(user, readPassword(message));
  }
}

function whom({ user, database }: Startup): string {
  return `host "127.0.0.1", user "${user}", database "${database}"`;
}
