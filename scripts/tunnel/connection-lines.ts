// How a client connects through the tunnel: a line to paste, and the same as environment variables for a command.
import type { DatabaseEndpoint } from "../command/network-ports.ts";
import { shellQuote } from "../ssh/shell-quote.ts";

/** A database, and the local port that leads to it. */
export interface LocalDatabase {
  readonly database: DatabaseEndpoint;
  /** As clients on this computer reach it. */
  readonly address: string;
  readonly port: number;
  /** Undefined: the person's business. */
  readonly user: string | undefined;
  /** File from which the client takes the token; undefined where there is none. */
  readonly passwordFile: string | undefined;
}

type Family = "postgresql" | "mysql" | "redis";

/** By how the engine's name begins: `aurora-postgresql`, `mariadb`, `valkey`, … */
const FAMILIES: readonly (readonly [prefix: RegExp, family: Family])[] = [
  [/^(aurora-)?postgres/, "postgresql"],
  [/^((aurora-)?mysql|aurora$|mariadb)/, "mysql"],
  [/^(redis|valkey)/, "redis"],
];

/** Undefined for an engine whose clients we do not know. */
export function familyOf({ engine }: Pick<DatabaseEndpoint, "engine">): Family | undefined {
  return FAMILIES.find(([prefix]) => prefix.test(engine))?.[1];
}

/**
 * Lines that connect, best first; none for an engine that is not known.
 *
 * psql checks the certificate for the true endpoint's name and connects to the local port all the same (`hostaddr`).
 * The others have no such option: they check who has signed the certificate, and not its name.
 */
export function connectionLines(local: LocalDatabase): string[] {
  switch (familyOf(local.database)) {
    case "postgresql":
      return [psqlLine(local), jdbcLine("postgresql", local, "sslmode=verify-ca")];
    case "mysql":
      return [mysqlLine(local), jdbcLine("mysql", local, "sslMode=VERIFY_CA")];
    case "redis":
      return [redisLine(local)];
    case undefined:
      return [];
  }
}

function psqlLine(local: LocalDatabase): string {
  const target = Object.entries(psqlSettings(local)).map(([key, value]) => `${key}=${connectionValue(value)}`);
  const password = local.passwordFile === undefined ? "" : `PGPASSFILE=${shellQuote(local.passwordFile)} `;
  return `${password}psql "${target.join(" ").replace(/["$`\\]/g, (character) => `\\${character}`)}"`;
}

function psqlSettings({ database, address, port, user }: LocalDatabase): Record<string, string> {
  return {
    host: database.host,
    hostaddr: address,
    port: String(port),
    dbname: database.databaseName ?? "postgres",
    ...(user === undefined ? {} : { user }),
    sslmode: "verify-full",
  };
}

/** As libpq reads it: a value with blanks stands in single quotes. */
function connectionValue(value: string): string {
  return /^[\w.-]+$/.test(value) ? value : `'${value.replace(/['\\]/g, (character) => `\\${character}`)}'`;
}

function mysqlLine({ database, address, port, user, passwordFile }: LocalDatabase): string {
  const words = [
    "mysql",
    ...(passwordFile === undefined ? [] : [`--defaults-extra-file=${passwordFile}`]),
    `--host=${address}`,
    `--port=${port}`,
    ...(user === undefined ? [] : [`--user=${user}`, "--enable-cleartext-plugin"]),
    "--ssl-mode=VERIFY_CA",
    "--ssl-ca=global-bundle.pem",
    ...(database.databaseName === undefined ? [] : [database.databaseName]),
  ];
  return words.map(shellQuote).join(" ");
}

function redisLine({ database, address, port }: LocalDatabase): string {
  const tls = database.hasTls ? ["--tls", "--sni", database.host] : [];
  return ["redis-cli", "-h", address, "-p", String(port), ...tls].map(shellQuote).join(" ");
}

function jdbcLine(protocol: string, { database, address, port }: LocalDatabase, tls: string): string {
  const name = encodeURIComponent(database.databaseName ?? (protocol === "postgresql" ? "postgres" : ""));
  return `jdbc:${protocol}://${address}:${port}/${name}?${tls}`;
}

/**
 * Variables by which clients find the database without an argument.
 *
 * @param token - the password, a secret: it stands in the environment, which is the process's own, and never in argv
 */
export function clientVariables(local: LocalDatabase, token: string | undefined): Record<string, string> {
  const { database, user, address, port } = local;
  const family = familyOf(database);
  if (family === "postgresql") {
    return {
      PGHOST: database.host,
      PGHOSTADDR: address,
      PGPORT: String(port),
      PGDATABASE: database.databaseName ?? "postgres",
      PGSSLMODE: "verify-full",
      ...(user === undefined ? {} : { PGUSER: user }),
      ...(token === undefined ? {} : { PGPASSWORD: token }),
    };
  }
  if (family !== "mysql") return {};
  return {
    MYSQL_HOST: address,
    MYSQL_TCP_PORT: String(port),
    ...(token === undefined ? {} : { MYSQL_PWD: token, LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN: "1" }),
  };
}

/** Content of the file that holds the token for the family's clients. */
export function passwordFileContent(
  { database, port, user = "" }: Omit<LocalDatabase, "passwordFile">,
  token: string,
): string {
  if (familyOf(database) === "mysql") return `[client]\npassword="${token}"\n`;
  const fields = [database.host, String(port), "*", user, token];
  return `${fields.map((field) => field.replace(/[:\\]/g, (character) => `\\${character}`)).join(":")}\n`;
}
