// What the journeys of tunnel.ts share: a bastion with a database beside it, the command, and the real psql.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { RDSClient } from "@aws-sdk/client-rds";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { createDatabase, letIn, letOut, type TestDatabase } from "../harness/database-network.ts";
import { Person, type CommandOptions, type CommandOutcome, type RunningCommand } from "../harness/run-command.ts";
import type { TestSandbox } from "../harness/test-sandbox.ts";

const project = join(import.meta.dirname, "..", "..");
export const tunnelScript = join(project, "scripts", "tunnel.ts");

/** Time for a journey on a computer that does much else. */
export const TUNNEL_LIMIT_MS = 120_000;

export interface TunnelOptions extends CommandOptions {
  /** @default - the deployer's */
  readonly credentials?: Credentials;
}

/** A tunnel that is up. */
export interface UpTunnel extends RunningCommand {
  /** Local ports, in the order of the ready lines. */
  readonly ports: readonly number[];
  /** Standard output so far. */
  said(): string;
  /** Ends it as Ctrl-C does. */
  end(): Promise<CommandOutcome>;
}

/** A person in front of a sandbox with a bastion, who wants to reach what is behind it. */
export class TunnelJourney {
  readonly person = new Person();
  readonly sandbox: TestSandbox;
  readonly rds: RDSClient;
  #open: Promise<TestDatabase> | undefined;

  constructor(sandbox: TestSandbox) {
    this.sandbox = sandbox;
    this.rds = new RDSClient(sandbox.configuration());
  }

  /** Runs tunnel.ts to its end. */
  run(words: readonly string[], options: TunnelOptions = {}): Promise<CommandOutcome> {
    return this.person.run(tunnelScript, words, this.#options(options));
  }

  start(words: readonly string[], options: TunnelOptions = {}): RunningCommand {
    return this.person.start(tunnelScript, words, this.#options(options));
  }

  /** Starts it, and waits for as many ready lines. */
  async open(words: readonly string[], count = 1, options: TunnelOptions = {}): Promise<UpTunnel> {
    const running = this.start(words, options);
    let said = "";
    running.child.stdout?.on("data", (text: string) => (said += text));
    const ports = await readyPorts(running, count);
    const end = (): Promise<CommandOutcome> => {
      running.child.kill("SIGINT");
      return running.outcome;
    };
    return { ...running, ports, said: () => said, end };
  }

  environment(credentials?: Credentials): Record<string, string> {
    const environment = Object.entries(this.sandbox.environment(credentials));
    return {
      ...Object.fromEntries(
        environment.filter(([name]) => name !== "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"),
      ),
      PGSSLROOTCERT: this.sandbox.endpoint.databases.certificateAuthority.file,
    };
  }

  /** Runs one statement of SQL with the real psql. */
  psql(connection: string, sql: string, environment: Readonly<Record<string, string>> = {}): Promise<CommandOutcome> {
    const own = { ...this.environment(), PGCONNECT_TIMEOUT: "30", ...environment };
    return this.person.run("psql", ["-X", "-A", "-t", "-w", "-c", sql, connection], { environment: own });
  }

  /** The deployed bastion's network. */
  async network(): Promise<{ readonly vpcId: string; readonly bastionGroupId: string; readonly name: string }> {
    const { instanceIds = [], instanceName = "" } = this.sandbox.shared.deployment ?? {};
    const { Reservations } = await this.sandbox.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [...instanceIds] }),
    );
    const instance = Reservations?.[0]?.Instances?.[0];
    const bastionGroupId = instance?.SecurityGroups?.[0]?.GroupId ?? "";
    return { vpcId: instance?.VpcId ?? "", bastionGroupId, name: instanceName };
  }

  async createDatabase(identifier: string, engine?: string): Promise<TestDatabase> {
    const { vpcId } = await this.network();
    const request = { ec2: this.sandbox.ec2, rds: this.rds, vpcId, identifier };
    return createDatabase(engine === undefined ? request : { ...request, engine });
  }

  /** One that the rules admit; made once. */
  async createOpenDatabase(identifier: string): Promise<TestDatabase> {
    this.#open ??= this.#createOpen(identifier);
    return this.#open;
  }

  async #createOpen(identifier: string): Promise<TestDatabase> {
    const database = await this.createDatabase(identifier);
    const { bastionGroupId } = await this.network();
    await letOut(this.sandbox.ec2, bastionGroupId, database);
    await letIn(this.sandbox.ec2, bastionGroupId, database);
    return database;
  }

  /** Fails when a process, a key, a socket or a session is left. */
  async expectNothingLeft(): Promise<void> {
    assert.deepEqual(await this.person.leftovers(), []);
    assert.deepEqual(this.openSessions(), []);
  }

  openSessions(): string[] {
    const sessions = this.sandbox.endpoint.sessions.list();
    return sessions.filter(({ status }) => status === "Connected").map(({ sessionId }) => sessionId);
  }

  leave(): void {
    this.rds.destroy();
    this.person.leave();
  }

  #options({ credentials, environment, ...rest }: TunnelOptions): CommandOptions {
    return { ...rest, environment: { ...this.environment(credentials), ...environment } };
  }
}

const READY = /^ready \S+:(\d+) /;

/** @throws Error with what the command has said, if it ends first */
function readyPorts({ child, outcome }: RunningCommand, count: number): Promise<number[]> {
  const ports: number[] = [];
  let unread = "";
  const ready = new Promise<number[]>((resolve) => {
    child.stdout?.on("data", (text: string) => {
      const lines = (unread + text).split("\n");
      unread = lines.pop() ?? "";
      ports.push(...lines.flatMap((line) => Number(READY.exec(line)?.[1] ?? Number.NaN)).filter(Number.isInteger));
      if (ports.length >= count) resolve(ports);
    });
  });
  const failed = outcome.then(({ stderr }): never => {
    throw new Error(`the tunnel ended before it was ready; it said:\n${stderr}`);
  });
  return Promise.race([ready, failed]);
}

/** What a port answers to a line, until it closes. */
export function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
    socket.once("error", reject);
    socket.once("close", () => {
      resolve(answer);
    });
    socket.end(text);
  });
}
