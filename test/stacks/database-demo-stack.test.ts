// The database behind the bastion, as Terraform gets it.
import { describe, expect, it } from "@jest/globals";
import { addresses, resource, synthesize, type Arguments, type Synthesized } from "./synthesized.ts";

const room = { vpc_cidr: "10.10.0.192/26", vpc_private_subnets: ["10.10.0.240/28"] };
const demo = (settings: object = {}): Synthesized =>
  synthesize({ ...room, database_demo: settings }, { stack: "database-demo" });
const BASTION_GROUP =
  "${data.terraform_remote_state.cross_stack_reference_input_bastion.outputs.cross_stack_output_aws_security_group_bastion_group_id}";

describe("a database that is left out", () => {
  it("has no stack", () => {
    expect(() => synthesize(room, { stack: "database-demo" })).toThrow("ENOENT");
  });
});

describe("the database", () => {
  const stack = demo();
  const instance = resource(stack, "aws_db_instance.database");

  it("has these addresses", () => {
    expect(addresses(stack)).toEqual([
      "aws_cloudwatch_log_group.database_postgresql_log",
      "aws_cloudwatch_log_group.database_upgrade_log",
      "aws_db_instance.database",
      "aws_db_parameter_group.database_parameters",
      "aws_db_subnet_group.network_subnet_group",
      "aws_iam_role.database_monitoring_role",
      "aws_iam_role_policy_attachment.database_monitoring",
      "aws_kms_alias.database_key_alias",
      "aws_kms_key.database_key",
      "aws_security_group.network_security_group",
      "aws_subnet.network_subnet_1",
      "aws_subnet.network_subnet_2",
      "aws_vpc_security_group_egress_rule.network_to_database",
      "aws_vpc_security_group_ingress_rule.network_from_bastion",
    ]);
  });

  it("takes the first free blocks of the VPC, or those that the settings name", () => {
    const blocks = (synthesized: Synthesized): unknown[] =>
      [1, 2].map((number) => resource(synthesized, `aws_subnet.network_subnet_${number}`)["cidr_block"]);
    expect(blocks(stack)).toEqual(["10.10.0.192/28", "10.10.0.208/28"]);
    const subnets = ["10.10.0.224/28", "10.10.0.192/28"];
    expect(blocks(demo({ subnets }))).toEqual(subnets);
  });

  it("keeps its zones once they are taken, unless the settings name them", () => {
    const zoneOf = ({ availability_zone, lifecycle }: Arguments): unknown => [availability_zone, lifecycle];
    expect(zoneOf(resource(stack, "aws_subnet.network_subnet_2"))).toEqual([
      "${element(sort(data.aws_ec2_instance_type_offerings.network_instance_type.locations), 1)}",
      { ignore_changes: ["availability_zone"] },
    ]);
    const named = demo({ availability_zones: ["eu-central-1b", "eu-central-1c"] });
    expect(zoneOf(resource(named, "aws_subnet.network_subnet_2"))).toEqual(["eu-central-1c", undefined]);
  });

  it("is reached from the bastion's group alone, and both rules are here", () => {
    const ports = { ip_protocol: "tcp", from_port: 5432, to_port: 5432 };
    const group = "${aws_security_group.network_security_group.id}";
    expect(resource(stack, "aws_vpc_security_group_ingress_rule.network_from_bastion")).toMatchObject({
      security_group_id: group,
      referenced_security_group_id: BASTION_GROUP,
      ...ports,
    });
    expect(resource(stack, "aws_vpc_security_group_egress_rule.network_to_database")).toMatchObject({
      security_group_id: BASTION_GROUP,
      referenced_security_group_id: group,
      ...ports,
    });
    expect(instance["publicly_accessible"]).toBe(false);
  });

  it("takes IAM tokens and TLS, and lets RDS keep the password", () => {
    expect(instance).toMatchObject({
      iam_database_authentication_enabled: true,
      manage_master_user_password: true,
      master_user_secret_kms_key_id: "${aws_kms_key.database_key.arn}",
      parameter_group_name: "${aws_db_parameter_group.database_parameters.name}",
    });
    expect(instance).not.toHaveProperty("password");
    expect(resource(stack, "aws_db_parameter_group.database_parameters")["parameter"]).toContainEqual({
      name: "rds.force_ssl",
      value: "1",
      apply_method: "pending-reboot",
    });
  });

  it("encrypts storage, metrics and logs with its own key", () => {
    expect(instance).toMatchObject({
      storage_encrypted: true,
      kms_key_id: "${aws_kms_key.database_key.arn}",
      performance_insights_kms_key_id: "${aws_kms_key.database_key.arn}",
    });
    const log = resource(stack, "aws_cloudwatch_log_group.database_postgresql_log");
    expect(log).toMatchObject({
      name: "/aws/rds/instance/sandbox-dev-database/postgresql",
      kms_key_id: "${aws_kms_key.database_key.arn}",
    });
  });

  it("is protected, and says why where it is not", () => {
    expect(instance["deletion_protection"]).toBe(true);
    const unprotected = resource(demo({ deletion_protection: false }), "aws_db_instance.database");
    expect(unprotected["deletion_protection"]).toBe(false);
    expect(unprotected["//"]).toMatchObject({ checkov: { skip: [{ id: "CKV_AWS_293" }] } });
  });
});
