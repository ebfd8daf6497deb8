// The stacks that the gate looks at: what is shipped, and one with everything switched on.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bastionApp, stateBucketApp } from "../../stacks/apps.ts";
import { runApp, type AppPlan } from "../../stacks/run-app.ts";

export interface Scenario {
  readonly name: string;
  readonly app: AppPlan;
  /**
   * Id of the stack that is looked at, of an app whose main one stands in a scenario of its own.
   *
   * @default - the app's main one
   */
  readonly stack?: string;
  /** Content of the settings file. */
  readonly settings: object;
  /** How many of Checkov's checks passed when this was last looked at. */
  readonly passedAtLeast: number;
  /**
   * The same for a plan, which is looked at when one is handed in.
   *
   * @default 1
   */
  readonly passedInPlanAtLeast?: number;
}

const named = { tag_application: "sandbox" };

/** Everything switched on but the database. The preferences are one document an account, so that no second scenario can have them beside it. */
const everything = {
  tag_application: "sandbox",
  aws_region: "eu-central-1",
  availability_zones: ["eu-central-1a", "eu-central-1b"],
  vpc_cidr: "10.10.0.0/24",
  vpc_private_subnets: ["10.10.0.0/26", "10.10.0.64/26"],
  instance_type: "t4g.nano",
  image: "ubuntu",
  ami_policy: "pinned",
  bastion_count: 3,
  termination_protection: false,
  bastion_host_policy: {
    managed_policy_arns: ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"],
    inline_policy: {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "OwnPrefix",
          Effect: "Allow",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::company-tools/bastion/*",
          Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } },
        },
      ],
    },
  },
  targets: [
    { name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" },
    { name: "cache", host: "cache.internal", port: 6379, security_group_id: "sg-0123456789abcdef0" },
  ],
  session_preferences: {
    s3_logs: true,
    max_session_duration: 480,
    alarms: [{ name: "root", words: ["sudo su", "sudo -i"] }],
  },
  audit: {},
  associations: { tag: "Environment", values: ["dev"] },
};

/** All that the audit can be. */
const withTrail = { subscribers: ["security@example.com"], trail: { access_log_bucket: "company-access-logs" } };

/** Of its own, because RDS takes longest of all. */
const withDatabase = {
  ...named,
  vpc_cidr: "10.10.0.192/26",
  vpc_private_subnets: ["10.10.0.240/28"],
  ec2messages_endpoint: false,
  database_demo: {},
};

export function scenarios(shippedSettings: object): Scenario[] {
  return [
    {
      name: "bastion",
      app: bastionApp,
      settings: shippedSettings,
      passedAtLeast: 125,
      passedInPlanAtLeast: 97,
    },
    {
      name: "bastion-with-everything",
      app: bastionApp,
      settings: everything,
      passedAtLeast: 202,
    },
    {
      name: "bastion-that-patches-itself",
      app: bastionApp,
      settings: { tag_application: "sandbox", patching: true, ec2messages_endpoint: false, instance_type: "t4g.nano" },
      passedAtLeast: 62,
    },
    {
      name: "session-preferences",
      app: bastionApp,
      stack: "session-preferences",
      settings: everything,
      passedAtLeast: 29,
    },
    {
      name: "audit",
      app: bastionApp,
      stack: "audit",
      settings: {
        ...shippedSettings,
        audit: withTrail,
      },
      passedAtLeast: 62,
    },
    {
      name: "nat",
      app: bastionApp,
      settings: {
        ...named,
        network: "nat",
        vpc_cidr: "10.10.0.0/26",
        vpc_private_subnets: ["10.10.0.0/28", "10.10.0.16/28"],
        vpc_public_subnets: ["10.10.0.32/28", "10.10.0.48/28"],
        bastion_count: 2,
      },
      passedAtLeast: 101,
    },
    {
      name: "public",
      app: bastionApp,
      settings: { ...named, network: "public", bastion_count: 2, image: "al2", audit: withTrail },
      passedAtLeast: 94,
    },
    {
      name: "existing",
      app: bastionApp,
      settings: {
        ...named,
        network: "existing",
        existing_network: {
          vpc_id: "vpc-0123456789abcdef0",
          subnet_ids: ["subnet-0123456789abcdef0"],
          endpoint_ids: { ssm: "vpce-0123456789abcdef0", ssmmessages: "vpce-0123456789abcdef1" },
        },
      },
      passedAtLeast: 64,
    },
    {
      name: "existing-by-tags",
      app: bastionApp,
      settings: {
        ...named,
        network: "existing",
        ec2messages_endpoint: false,
        existing_network: {
          vpc_tags: { Company: "acme" },
          subnet_tags: { Company: "acme", Tier: "closed" },
          endpoint_ids: { ssm: "vpce-0123456789abcdef0", ssmmessages: "vpce-0123456789abcdef1" },
          open_endpoint_groups: true,
        },
      },
      passedAtLeast: 50,
    },
    {
      name: "bastion-with-database",
      app: bastionApp,
      settings: withDatabase,
      passedAtLeast: 111,
    },
    {
      name: "database-demo",
      app: bastionApp,
      stack: "database-demo",
      settings: withDatabase,
      passedAtLeast: 59,
    },
    {
      name: "bastion-with-access",
      app: bastionApp,
      settings: {
        tag_application: "sandbox",
        targets: [
          { name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" },
          { name: "cache", host: "cache.internal", port: 6379, security_group_id: "sg-0123456789abcdef0" },
        ],
        access: {
          policies: ["shell", "shell-and-ssh", "ssh", "tunnel", "targets", "reboot", "audit"],
          groups: [
            { name: "operators", policies: ["shell-and-ssh", "reboot", "audit"], users: ["ada"] },
            { name: "analysts", targets: ["database", "cache"], users: ["edgar", "grace"] },
          ],
          users: ["ada", "edgar", "grace"],
        },
        tunnel_user: "tunnel",
        ssm_user_sudo: false,
      },
      passedAtLeast: 249,
    },
    {
      name: "state-bucket",
      app: stateBucketApp,
      settings: shippedSettings,
      passedAtLeast: 35,
      passedInPlanAtLeast: 29,
    },
    {
      name: "state-bucket-with-access-log",
      app: stateBucketApp,
      settings: { ...shippedSettings, state_access_log_bucket: "company-access-logs" },
      passedAtLeast: 36,
    },
  ];
}

/**
 * Synthesizes the scenario in a folder of its own below `directory`; returns the stack's folder.
 *
 * @throws RangeError when its settings are refused
 */
export function synthesize({ name, app, stack = app.id, settings }: Scenario, directory: string): string {
  const project = join(directory, name);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "dev.tfvars.json"), JSON.stringify(settings));
  let complaint = "";
  const outputDirectory = join(project, "cdktf.out");
  const exitCode = runApp(app, {
    directory: project,
    environment: { STATE_BACKEND: "local" },
    complain: (text) => (complaint += text),
    outputDirectory,
  });
  if (exitCode !== 0) throw new RangeError(complaint);
  return join(outputDirectory, "stacks", stack);
}
