// Databases as an instance of EC2 meets them: a name in the network, firewalls before it, and a real PostgreSQL.
import { isIPv4 } from "node:net";
import type { Duplex } from "node:stream";
import { CreateNetworkInterfaceCommand, DeleteNetworkInterfaceCommand, type EC2Client } from "@aws-sdk/client-ec2";
import type { ElastiCacheClient } from "@aws-sdk/client-elasticache";
import type { RDSClient } from "@aws-sdk/client-rds";
import { joinedStreams } from "../instances/joined-streams.ts";
import { sleep, type Clock } from "../../session-manager/clock.ts";
import { isTokenValid, type TokenCheck } from "./authentication-token.ts";
import { CertificateAuthority } from "./certificates.ts";
import { type DatabaseRecord, describeCaches, describeDatabases } from "./database-records.ts";
import { PostgresqlFront } from "./postgresql-front.ts";
import { startPostgresql, type Postgresql } from "./postgresql.ts";
import { rdsCluster } from "./rds-cluster.ts";
import { explainWay, type DatabasePlace } from "./way-to-database.ts";

export interface DatabasesOptions extends TokenCheck {
  readonly ec2: EC2Client;
  readonly rds: RDSClient;
  readonly elastiCache: ElastiCacheClient;
  readonly clock: Clock;
  /** Gets the certificate authority. */
  readonly directory: string;
}

/** Names that only these services give; one that belongs to nobody has no address. */
const RDS_DOMAIN = ".rds.amazonaws.com";
const CACHE_DOMAIN = ".cache.amazonaws.com";
/** How long Linux tries to reach somebody who does not answer (tcp_syn_retries = 6). */
const UNANSWERED_MS = 127_000;

/** Those that moto knows; PostgreSQL is started for one when it is first reached, or when `start` says so. */
export class Databases {
  readonly certificateAuthority: CertificateAuthority;
  readonly #options: DatabasesOptions;
  readonly #running = new Map<string, Promise<Postgresql>>();
  /** By address: each shows a certificate of its own, and takes tokens for itself. */
  readonly #fronts = new Map<string, Promise<PostgresqlFront>>();
  readonly #places = new Map<string, Promise<DatabasePlace>>();
  readonly #ways = new Map<string, Promise<string | undefined>>();
  readonly #closing = new AbortController();

  constructor(options: DatabasesOptions) {
    this.#options = options;
    this.certificateAuthority = new CertificateAuthority(options.directory);
  }

  /**
   * A connection from an instance of EC2 to a database; undefined if the host is none.
   *
   * A firewall that lets nothing through says nothing: after two minutes the error is `ETIMEDOUT`, as from Linux.
   */
  async dial(instanceId: string, host: string, port: number): Promise<Duplex | undefined> {
    const database = await this.#find(host);
    if (database === undefined) {
      if (host.endsWith(RDS_DOMAIN) || host.endsWith(CACHE_DOMAIN))
        throw systemError("ENOTFOUND", `cannot resolve ${host}`);
      return undefined;
    }
    const obstacle = await this.#obstacle(instanceId, database);
    if (obstacle !== undefined) {
      await sleep(UNANSWERED_MS, this.#options.clock, this.#closing.signal);
      throw systemError("ETIMEDOUT", `no answer from ${host}: ${obstacle}`);
    }
    if (port !== database.port || !database.isPostgresql)
      throw systemError("ECONNREFUSED", `nothing listens at ${host}:${port}`);
    const front = await this.#front(database);
    const [near, far] = joinedStreams();
    front.accept(far);
    return near;
  }

  /**
   * Starts the PostgreSQL of an instance or cluster ahead of the first connection.
   *
   * @param sql - run on it as it is made, by RDS's superuser
   * @throws UserError (69) where there is no PostgreSQL
   */
  async start(identifier: string, sql = ""): Promise<Postgresql> {
    const database = (await describeDatabases(this.#options.rds)).find((each) => each.identifier === identifier);
    if (database === undefined) throw new TypeError(`there is no database "${identifier}"`);
    return this.#start(database, sql);
  }

  /** To be called when EC2 or RDS may have changed. */
  changed(): void {
    this.#ways.clear();
  }

  /** To be called when one may have been deleted: its address, its certificate and its data go with it. */
  async forgetDeleted(): Promise<void> {
    const { rds, elastiCache } = this.#options;
    const there = [...(await describeDatabases(rds)), ...(await describeCaches(elastiCache))];
    const keys = new Set(there.map(({ key }) => key));
    const addresses = new Set(there.map(({ address }) => address));
    const fronts = taken(this.#fronts, (address) => !addresses.has(address));
    for (const front of fronts) (await front).close();
    for (const running of taken(this.#running, (key) => !keys.has(key))) await (await running).close();
    for (const place of taken(this.#places, (key) => !keys.has(key)))
      await this.#options.ec2.send(
        new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: (await place).networkInterfaceId }),
      );
  }

  async close(): Promise<void> {
    this.#closing.abort(new TypeError("the sandbox ends"));
    const [fronts, running] = await Promise.all([
      Promise.allSettled(this.#fronts.values()),
      Promise.allSettled(this.#running.values()),
    ]);
    for (const front of fronts) if (front.status === "fulfilled") front.value.close();
    await Promise.all(running.flatMap((each) => (each.status === "fulfilled" ? [each.value.close()] : [])));
  }

  async #find(host: string): Promise<DatabaseRecord | undefined> {
    for (const database of await this.#describe(host)) {
      if (database.address === host) return database;
      const place = await this.#places.get(database.key);
      if (place?.address === host) return database;
    }
    return undefined;
  }

  /** Those that the host could belong to. */
  async #describe(host: string): Promise<readonly DatabaseRecord[]> {
    const { rds, elastiCache } = this.#options;
    const none = Promise.resolve([]);
    const [databases, caches] = await Promise.all([
      isIPv4(host) || host.endsWith(RDS_DOMAIN) ? describeDatabases(rds) : none,
      isIPv4(host) || host.endsWith(CACHE_DOMAIN) ? describeCaches(elastiCache) : none,
    ]);
    return [...databases, ...caches];
  }

  #front(database: DatabaseRecord): Promise<PostgresqlFront> {
    return kept(this.#fronts, database.address, () => this.#makeFront(database));
  }

  async #makeFront(database: DatabaseRecord): Promise<PostgresqlFront> {
    const [certificate, postgresql] = await Promise.all([
      this.certificateAuthority.issue(database.address),
      this.#start(database),
    ]);
    const check = (user: string, token: string): Promise<boolean> =>
      isTokenValid({ user, token }, database, this.#options);
    return new PostgresqlFront({ postgresql, certificate, isTokenValid: check });
  }

  #start(database: DatabaseRecord, sql = ""): Promise<Postgresql> {
    const { clock } = this.#options;
    return kept(this.#running, database.key, () => startPostgresql({ clock, ...rdsCluster({ ...database, sql }) }));
  }

  async #obstacle(instanceId: string, database: DatabaseRecord): Promise<string | undefined> {
    const place = await this.#placeOf(database);
    const key = `${instanceId} ${database.key}`;
    const known = this.#ways.get(key) ?? explainWay({ ...this.#options, instanceId, place });
    this.#ways.set(key, known);
    return known;
  }

  #placeOf(database: DatabaseRecord): Promise<DatabasePlace> {
    return kept(this.#places, database.key, () => this.#giveAddress(database));
  }

  /** The services keep a network interface in the customer's subnet; moto makes none. */
  async #giveAddress({ subnetId: SubnetId, securityGroupIds, port }: DatabaseRecord): Promise<DatabasePlace> {
    const { NetworkInterface } = await this.#options.ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId,
        Groups: [...securityGroupIds],
        Description: "RDSNetworkInterface",
      }),
    );
    const { NetworkInterfaceId: networkInterfaceId = "", PrivateIpAddress: address = "" } = NetworkInterface ?? {};
    const { SubnetId: subnetId = "", VpcId: vpcId = "" } = NetworkInterface ?? {};
    return { networkInterfaceId, address, subnetId, vpcId, port, securityGroupIds };
  }
}

/** What the map holds for the key, or what is made now; a failure is not kept, so that the next one tries again. */
function kept<Value>(map: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const known = map.get(key) ?? make();
  map.set(key, known);
  known.catch(() => map.delete(key));
  return known;
}

/** Takes what is under these keys out of the map. */
function taken<Value>(map: Map<string, Value>, isWanted: (key: string) => boolean): Value[] {
  const entries = [...map].filter(([key]) => isWanted(key));
  for (const [key] of entries) map.delete(key);
  return entries.map(([, value]) => value);
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
