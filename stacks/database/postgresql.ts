// PostgreSQL on RDS: encrypted, IAM tokens and TLS only, watched, and with a password that nobody has to keep.
import { Construct } from "constructs";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import { DbInstance } from "@cdktf/provider-aws/lib/db-instance/index.js";
import { DbParameterGroup } from "@cdktf/provider-aws/lib/db-parameter-group/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { exceptFromChecks } from "../checkov-exception.ts";
import { EncryptionKey } from "../encryption-key.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import { policyDocument } from "../policy-document.ts";

/** Without the minor one, which RDS raises by itself: a plan would take it back. */
const MAJOR_VERSION = "17";
/** RDS makes these groups itself where there are none, in clear and for ever. */
const LOGS = ["postgresql", "upgrade"];
const LOG_RETENTION_DAYS = 365;
const MONITORING_INTERVAL_SECONDS = 60;
const BACKUP_RETENTION_DAYS = 7;
const STORAGE_GIB = 20;

const UNPROTECTED = {
  id: "CKV_AWS_293",
  reason: "database_demo.deletion_protection is false, by which somebody has said that it is to go",
};

export interface PostgresqlProps {
  /** Where it runs. */
  readonly account: AwsAccount;
  /** Identifier of the instance; begins the names of all that belongs to it. */
  readonly name: string;
  /** Name of its database. */
  readonly databaseName: string;
  /** The master user; `admin` and `user` are PostgreSQL's own. */
  readonly masterUser: string;
  /** Its size, as RDS names it. */
  readonly instanceClass: string;
  /** Where it listens. */
  readonly port: number;
  /** Two zones at least. */
  readonly subnetGroupName: string;
  /** Its only group. */
  readonly securityGroupId: string;
  /**
   * Whether RDS refuses to delete it.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;
}

export class Postgresql extends Construct {
  readonly address: string;
  /** Holds the master user's password. */
  readonly secretArn: string;
  readonly kmsKeyArn: string;

  constructor(scope: Construct, id: string, props: PostgresqlProps) {
    super(scope, id);
    const { name, deletionProtection = true } = props;
    this.kmsKeyArn = new EncryptionKey(this, "key", {
      account: props.account,
      name,
      description: `Storage, password and logs of database ${name}`,
      logGroupName: `/aws/rds/instance/${name}/*`,
    }).arn;
    const logs = LOGS.map(
      (log) =>
        new CloudwatchLogGroup(this, `${log}_log`, {
          name: `/aws/rds/instance/${name}/${log}`,
          retentionInDays: LOG_RETENTION_DAYS,
          kmsKeyId: this.kmsKeyArn,
        }),
    );
    const monitoring = this.#monitoringRole(props);
    const database = new DbInstance(this, MAIN_RESOURCE, {
      ...this.#settings(props),
      parameterGroupName: this.#parameters(name).name,
      monitoringRoleArn: monitoring.role.arn,
      deletionProtection,
      dependsOn: [...logs, monitoring.permission],
    });
    exceptFromChecks(database, deletionProtection ? [] : [UNPROTECTED]);
    this.address = database.address;
    this.secretArn = database.masterUserSecret.get(0).secretArn;
  }

  #settings({
    name,
    databaseName,
    masterUser,
    instanceClass,
    port,
    subnetGroupName,
    securityGroupId,
  }: PostgresqlProps) {
    return {
      identifier: name,
      engine: "postgres",
      engineVersion: MAJOR_VERSION,
      instanceClass,
      dbName: databaseName,
      port,
      allocatedStorage: STORAGE_GIB,
      storageType: "gp3",
      storageEncrypted: true,
      kmsKeyId: this.kmsKeyArn,
      username: masterUser,
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: this.kmsKeyArn,
      iamDatabaseAuthenticationEnabled: true,
      dbSubnetGroupName: subnetGroupName,
      vpcSecurityGroupIds: [securityGroupId],
      publiclyAccessible: false,
      multiAz: true,
      autoMinorVersionUpgrade: true,
      applyImmediately: true,
      backupRetentionPeriod: BACKUP_RETENTION_DAYS,
      copyTagsToSnapshot: true,
      // Deletion protection stands before it; whoever has lifted that wants nothing left.
      skipFinalSnapshot: true,
      enabledCloudwatchLogsExports: LOGS,
      monitoringInterval: MONITORING_INTERVAL_SECONDS,
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: this.kmsKeyArn,
      tags: { Name: name },
    };
  }

  #parameters(name: string): DbParameterGroup {
    return new DbParameterGroup(this, "parameters", {
      name,
      family: `postgres${MAJOR_VERSION}`,
      description: "TLS only; statements that change the schema or are slow are logged",
      parameter: [
        { name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" },
        { name: "log_statement", value: "ddl", applyMethod: "immediate" },
        { name: "log_min_duration_statement", value: "1000", applyMethod: "immediate" },
      ],
    });
  }

  #monitoringRole({ account, name }: PostgresqlProps): { role: IamRole; permission: IamRolePolicyAttachment } {
    const role = new IamRole(this, "monitoring_role", {
      name: `${name}-monitoring-${account.region}`,
      description: `Writes the metrics of database ${name}`,
      assumeRolePolicy: policyDocument(this, "monitoring_trust", [
        {
          Sid: "MonitoringOfThisAccount",
          Effect: "Allow",
          Principal: { Service: "monitoring.rds.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: {
            StringEquals: { "aws:SourceAccount": account.accountId },
            ArnLike: { "aws:SourceArn": account.arn("rds", `db:${name}`) },
          },
        },
      ]),
    });
    const policyArn = `arn:${account.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole`;
    const permission = new IamRolePolicyAttachment(this, "monitoring", { role: role.name, policyArn });
    return { role, permission };
  }
}
