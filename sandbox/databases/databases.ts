// RDS instances as an instance of EC2 meets them: a name in the network, firewalls before it, and a real PostgreSQL.
import { CreateNetworkInterfaceCommand, type EC2Client } from "@aws-sdk/client-ec2";
import { DescribeDBInstancesCommand, type DBInstance, type RDSClient } from "@aws-sdk/client-rds";
import type { Duplex } from "node:stream";
import { joinedStreams } from "../instances/joined-streams.ts";
import { sleep, type Clock } from "../../session-manager/clock.ts";
import { isTokenValid, type TokenCheck } from "./authentication-token.ts";
import { CertificateAuthority } from "./certificates.ts";
import { PostgresqlFront } from "./postgresql-front.ts";
import { startPostgresql, type Postgresql } from "./postgresql.ts";
import { rdsCluster } from "./rds-cluster.ts";
import { explainWay, type DatabasePlace } from "./way-to-database.ts";

export interface DatabasesOptions extends TokenCheck {
  readonly ec2: EC2Client;
  readonly rds: RDSClient;
  readonly clock: Clock;
  /** Gets the certificate authority. */
  readonly directory: string;
}

/** A database that runs. */
interface Running {
  readonly postgresql: Postgresql;
  readonly front: PostgresqlFront;
}

/** Names that only RDS gives; one that belongs to no instance has no address. */
const RDS_DOMAIN = ".rds.amazonaws.com";
/** How long Linux tries to reach somebody who does not answer (tcp_syn_retries = 6). */
const UNANSWERED_MS = 127_000;
const ENGINE = "postgres";

/** The instances that moto knows; PostgreSQL is started for one when it is first reached, or when `start` says so. */
export class Databases {
  readonly certificateAuthority: CertificateAuthority;
  readonly #options: DatabasesOptions;
  readonly #running = new Map<string, Promise<Running>>();
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
      if (host.endsWith(RDS_DOMAIN)) throw systemError("ENOTFOUND", `cannot resolve ${host}`);
      return undefined;
    }
    const obstacle = await this.#obstacle(instanceId, database);
    if (obstacle !== undefined) {
      await sleep(UNANSWERED_MS, this.#options.clock, this.#closing.signal);
      throw systemError("ETIMEDOUT", `no answer from ${host}: ${obstacle}`);
    }
    if (port !== portOf(database) || database.Engine !== ENGINE)
      throw systemError("ECONNREFUSED", `nothing listens at ${host}:${port}`);
    const { front } = await this.#start(database);
    const [near, far] = joinedStreams();
    front.accept(far);
    return near;
  }

  /**
   * Starts the instance's PostgreSQL ahead of the first connection.
   *
   * @param sql - run on it as it is made, by RDS's superuser
   * @throws UserError (69) where there is no PostgreSQL
   */
  async start(identifier: string, sql = ""): Promise<Postgresql> {
    const database = (await this.#describe()).find(({ DBInstanceIdentifier }) => DBInstanceIdentifier === identifier);
    if (database === undefined) throw new TypeError(`there is no database "${identifier}"`);
    return (await this.#start(database, sql)).postgresql;
  }

  /** To be called when EC2 or RDS may have changed. */
  changed(): void {
    this.#ways.clear();
  }

  async close(): Promise<void> {
    this.#closing.abort(new TypeError("the sandbox ends"));
    const all = await Promise.allSettled(this.#running.values());
    await Promise.all(
      all.map(async (each) => {
        if (each.status === "rejected") return;
        each.value.front.close();
        await each.value.postgresql.close();
      }),
    );
  }

  async #describe(): Promise<readonly DBInstance[]> {
    return (await this.#options.rds.send(new DescribeDBInstancesCommand({}))).DBInstances ?? [];
  }

  async #find(host: string): Promise<DBInstance | undefined> {
    for (const database of await this.#describe()) {
      if (database.Endpoint?.Address === host) return database;
      const place = await this.#places.get(identifierOf(database));
      if (place?.address === host) return database;
    }
    return undefined;
  }

  #start(database: DBInstance, sql = ""): Promise<Running> {
    const identifier = identifierOf(database);
    let running = this.#running.get(identifier);
    if (running === undefined) {
      running = this.#startNow(database, sql);
      this.#running.set(identifier, running);
      running.catch(() => this.#running.delete(identifier)); // the next connection tries again, and tells again
    }
    return running;
  }

  async #startNow(database: DBInstance, sql: string): Promise<Running> {
    const { Endpoint, DBName, MasterUsername } = database;
    const address = Endpoint?.Address ?? "";
    const cluster = rdsCluster({ databaseName: DBName, masterUser: MasterUsername ?? "postgres", sql });
    const [certificate, postgresql] = await Promise.all([
      this.certificateAuthority.issue(address),
      startPostgresql({ clock: this.#options.clock, ...cluster }),
    ]);
    const target = {
      address,
      port: portOf(database),
      resourceId: database.DbiResourceId ?? "",
      hasIamAuthentication: database.IAMDatabaseAuthenticationEnabled === true,
    };
    const check = (user: string, token: string): Promise<boolean> =>
      isTokenValid({ user, token }, target, this.#options);
    return { postgresql, front: new PostgresqlFront({ postgresql, certificate, isTokenValid: check }) };
  }

  async #obstacle(instanceId: string, database: DBInstance): Promise<string | undefined> {
    const place = await this.#placeOf(database);
    const key = `${instanceId} ${identifierOf(database)}`;
    const known = this.#ways.get(key) ?? explainWay({ ...this.#options, instanceId, place });
    this.#ways.set(key, known);
    return known;
  }

  #placeOf(database: DBInstance): Promise<DatabasePlace> {
    const identifier = identifierOf(database);
    const place = this.#places.get(identifier) ?? this.#giveAddress(database);
    this.#places.set(identifier, place);
    return place;
  }

  /** RDS keeps a network interface in the customer's subnet; moto makes none. */
  async #giveAddress(database: DBInstance): Promise<DatabasePlace> {
    const { DBSubnetGroup, VpcSecurityGroups = [] } = database;
    const securityGroupIds = VpcSecurityGroups.flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);
    const { NetworkInterface } = await this.#options.ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: DBSubnetGroup?.Subnets?.[0]?.SubnetIdentifier,
        Groups: securityGroupIds,
        Description: "RDSNetworkInterface",
      }),
    );
    const { PrivateIpAddress: address = "", SubnetId: subnetId = "", VpcId: vpcId = "" } = NetworkInterface ?? {};
    return { address, subnetId, vpcId, port: portOf(database), securityGroupIds };
  }
}

function identifierOf({ DBInstanceIdentifier = "" }: DBInstance): string {
  return DBInstanceIdentifier;
}

function portOf({ Endpoint }: DBInstance): number {
  return Endpoint?.Port ?? 0;
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
