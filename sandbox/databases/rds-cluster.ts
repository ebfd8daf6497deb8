// How RDS sets a PostgreSQL up: its roles, its master user, and who logs in how.
import type { PostgresqlOptions } from "./postgresql.ts";

export interface RdsClusterOptions {
  /** As the instance was created with; undefined for none but `postgres`. */
  readonly databaseName: string | undefined;
  readonly masterUser: string;
  /** What is run after that. */
  readonly sql: string;
}

/**
 * Users with the role rds_iam log in with a token, which the front has checked; all others with the password that they
 * were given by SQL. The master user's own password is not modelled: it has the role, too.
 */
export function rdsCluster({
  databaseName,
  masterUser,
  sql,
}: RdsClusterOptions): Required<Pick<PostgresqlOptions, "sql" | "accessRules">> {
  const statements = [
    "create role rds_iam nologin;",
    "create role rds_superuser nologin;",
    `create role ${identifier(masterUser)} login createdb createrole in role rds_iam, rds_superuser;`,
    ...(databaseName === undefined
      ? []
      : [`create database ${identifier(databaseName)} owner ${identifier(masterUser)};`]),
    ...(sql === "" ? [] : [sql]),
  ];
  return {
    sql: statements.join("\n\n"),
    accessRules: ["local all +rds_iam trust", "local all all scram-sha-256"],
  };
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
