// A bastion with all of access on, deployed by the real Terraform, and the people who have its policies.
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { bastionApp } from "../../stacks/apps.ts";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { synthesize } from "../checkov/scenarios.ts";
import type { Person } from "../harness/run-command.ts";
import type { TestSandbox } from "../harness/test-sandbox.ts";
import { PEOPLE, type WhichInstance, type Who } from "./access-matrix.ts";

const project = join(import.meta.dirname, "..", "..");
const TERRAFORM_LIMIT_MS = 240_000;
const APPLICATION = "access";
export const PREFIX = `${APPLICATION}-dev`;
/** The settings that the commands read, by ENVIRONMENT. */
export const ENVIRONMENT = "access-journey";
const settingsFile = join(project, `${ENVIRONMENT}.tfvars.json`);

export type PersonsCredentials = Credentials & { readonly sessionToken?: string };

interface WorldNeeds {
  readonly sandbox: TestSandbox;
  readonly person: Person;
}

export class AccessWorld {
  readonly #needs: WorldNeeds;
  readonly #servers: Server[] = [];
  readonly ports = { orders: 0, cache: 0 };
  readonly instanceIds = new Map<WhichInstance, string>();
  readonly credentials = new Map<Who, PersonsCredentials>();
  /** ARNs, by kind. */
  policyArns: Readonly<Record<string, string>> = {};
  #appliedBy: "tag" | "instance" | undefined;

  constructor(needs: WorldNeeds) {
    this.#needs = needs;
  }

  async make(): Promise<void> {
    this.ports.orders = await this.#serve("orders");
    this.ports.cache = await this.#serve("cache");
    writeFileSync(settingsFile, `${JSON.stringify(this.settings("tag"))}\n`);
    await this.apply("tag");
    const { sandbox } = this.#needs;
    this.instanceIds.set("other", await sandbox.cloneBastion("access-other", { BastionAccess: "other" }));
    this.instanceIds.set("untagged", await sandbox.cloneBastion("access-untagged"));
    await this.#admitPeople();
  }

  leave(): void {
    rmSync(settingsFile, { force: true });
    for (const server of this.#servers) server.close();
  }

  /** Deploys it, or changes what is deployed. */
  async apply(by: "tag" | "instance"): Promise<void> {
    if (this.#appliedBy === by) return;
    this.#appliedBy = by;
    const { sandbox, person } = this.#needs;
    const scenario = { name: "access", app: bastionApp, settings: this.settings(by), passedAtLeast: 0 };
    const workingDirectory = synthesize(scenario, person.home);
    const environment = { ...sandbox.environment(), ...sandbox.shared.deployment?.terraform };
    const run = async (...words: string[]): Promise<string> => {
      const options = { workingDirectory, environment, timeLimitMs: TERRAFORM_LIMIT_MS };
      const { status, stdout, stderr } = await person.run("terraform", words, options);
      if (status !== 0) throw new Error(`terraform ${words[0] ?? ""} failed:\n${stderr}`);
      return stdout;
    };
    await run("init", "-input=false", "-no-color");
    await run("apply", "-auto-approve", "-input=false", "-no-color");
    const outputs = JSON.parse(await run("output", "-json")) as Record<string, { value: unknown }>;
    const [instanceId = ""] = outputs["instance_ids"]?.value as string[];
    this.instanceIds.set("own", instanceId);
    this.policyArns = outputs["access_policy_arns"]?.value as Record<string, string>;
    while (!(await sandbox.endpoint.nodes.connection(instanceId)).connected) await new Promise(setImmediate);
  }

  settings(by: "tag" | "instance"): object {
    const target = (name: "orders" | "cache"): object => {
      return { name, host: "127.0.0.1", port: this.ports[name], cidr: "127.0.0.1/32" };
    };
    const users = ["sara", "boris", "sven", "tina", "tessa", "otto", "carl", "rita", "anna"];
    const group = (name: string, ...members: string[]): object => ({ name, policies: [name], users: members });
    return {
      tag_application: APPLICATION,
      target_environment: "dev",
      aws_region: this.#needs.sandbox.shared.region,
      targets: [target("orders"), target("cache")],
      tunnel_user: "tunnel",
      ssm_user_sudo: false,
      access: {
        by,
        policies: ["shell", "shell-and-ssh", "ssh", "tunnel", "targets", "reboot", "audit"],
        groups: [
          group("shell", "sara"),
          group("shell-and-ssh", "boris"),
          group("ssh", "sven"),
          group("tunnel", "tina", "tessa"),
          group("reboot", "rita"),
          group("audit", "anna"),
          { name: "orders", targets: ["orders"], users: ["otto"] },
          { name: "cache", targets: ["cache"], users: ["carl"] },
        ],
        users,
      },
    };
  }

  /** What the target answers to whoever reaches it. */
  async #serve(name: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`this is ${name}`);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  async #admitPeople(): Promise<void> {
    const { iam } = this.#needs.sandbox;
    const elsewhere = { Effect: "Allow", Action: "ec2-instance-connect:SendSSHPublicKey", Resource: "*" };
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [elsewhere] });
    await iam.send(new PutUserPolicyCommand({ UserName: "tessa", PolicyName: "elsewhere", PolicyDocument }));
    const users = (Object.keys(PEOPLE) as Who[]).filter((who) => who !== "riley" && who !== "robin");
    for (const who of users) {
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: who }));
      const { AccessKeyId = "", SecretAccessKey = "" } = AccessKey ?? {};
      this.credentials.set(who, { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey });
    }
    await this.#admitRole("access-on-call", ["riley", "robin"]);
  }

  async #admitRole(RoleName: string, people: readonly Who[]): Promise<void> {
    const { sandbox } = this.#needs;
    const trust = { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
    const { Role } = await sandbox.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyArn = this.policyArns["shell-and-ssh"];
    await sandbox.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    const sts = new STSClient(sandbox.configuration());
    for (const who of people) {
      const { Credentials: given } = await sts.send(
        new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: who }),
      );
      const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = given ?? {};
      const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
      this.credentials.set(who, credentials);
    }
    sts.destroy();
  }
}
