// What the policies of the deployed stack forbid, as Terraform rendered them: each cell of the matrix, what becomes of it
// when a condition is deleted, and the real commands in the hands of people who have one policy each.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import type { CommandOutcome } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { AccessJudge } from "./access-judge.ts";
import { areTwins, cells, isAllowed, nameOf, PEOPLE, type Cell, type Document, type Who } from "./access-matrix.ts";
import { readPolicy, weaken, whileInForce } from "./access-policies.ts";
import { AccessWorld, ENVIRONMENT, PREFIX } from "./access-world.ts";
import { ask, TUNNEL_LIMIT_MS, TunnelJourney, type TunnelOptions } from "./tunnel-journey.ts";

const scripts = join(import.meta.dirname, "..", "..", "scripts");
const DEPLOY_LIMIT_MS = 300_000;
const MATRIX_LIMIT_MS = 120_000;
const NAME = `${PREFIX}-bastion-host`;

let sandbox: TestSandbox;
let journey: TunnelJourney;
let world: AccessWorld;
let judge: AccessJudge;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  journey = new TunnelJourney(sandbox);
  world = new AccessWorld({ sandbox, person: journey.person });
  await world.make();
  judge = new AccessJudge(world, sandbox);
  await judge.open();
}, OPEN_LIMIT_MS + DEPLOY_LIMIT_MS);

afterAll(async () => {
  world.leave();
  await judge.close();
  journey.leave();
  await sandbox.close();
}, OPEN_LIMIT_MS);

/** A document by which each of those who start sessions may start one. */
const OPENINGS = new Map<Who, Document>([
  ["sara", "shell"],
  ["boris", "ssh"],
  ["sven", "ssh"],
  ["tina", "port"],
  ["tessa", "port"],
  ["otto", "orders"],
  ["carl", "cache"],
  ["riley", "none"],
  ["robin", "ssh"],
]);

describe("the matrix", () => {
  /** Denied, and what is allowed in its place: they differ in one element. */
  it.each([
    [
      "sara ec2-instance-connect:SendSSHPublicKey own ec2-user",
      "boris ec2-instance-connect:SendSSHPublicKey own ec2-user",
    ],
    ["sara ssm:StartSession own ssh", "sara ssm:StartSession own shell"],
    ["sven ssm:StartSession own none", "sven ssm:StartSession own ssh"],
    ["boris ssm:StartSession other ssh", "boris ssm:StartSession own ssh"],
    ["boris ssm:StartSession untagged none", "boris ssm:StartSession own none"],
    ["boris ec2-instance-connect:SendSSHPublicKey own root", "boris ec2-instance-connect:SendSSHPublicKey own tunnel"],
    ["tessa ec2-instance-connect:SendSSHPublicKey own root", "tessa ec2-instance-connect:SendSSHPublicKey other root"],
    ["otto ssm:StartSession own cache", "otto ssm:StartSession own orders"],
    ["otto ssm:StartSession own remote-port", "tina ssm:StartSession own remote-port"],
    ["boris ssm:TerminateSession another's", "boris ssm:TerminateSession own"],
    ["riley ssm:ResumeSession another's", "riley ssm:ResumeSession own"],
    ["rita ec2:CreateTags own access", "rita ec2:CreateTags own lease"],
    ["rita ec2:DeleteTags own none", "rita ec2:DeleteTags own lease"],
    ["anna ec2:RebootInstances own", "rita ec2:RebootInstances own"],
  ])("denies %s, and allows %s", (deniedName, allowedName) => {
    const [one, other] = [deniedName, allowedName].map((name) => cells.find((cell) => nameOf(cell) === name));
    if (one === undefined || other === undefined) throw new TypeError("there is no such cell");
    expect([isAllowed(one), isAllowed(other), areTwins(one, other)]).toEqual([false, true, true]);
  });

  it("has hundreds of denied cells with an allowed twin; what else it denies is wrong in more than one element", () => {
    const allowed = cells.filter(isAllowed);
    const denied = cells.filter((cell) => !isAllowed(cell));
    const once = denied.filter((cell) => allowed.some((each) => areTwins(each, cell)));
    expect(allowed.length).toBeGreaterThan(100);
    expect(once.length).toBeGreaterThan(300);
  });
});

/** Cells whose answer is not the one that it should be. */
async function turned(some: readonly Cell[], { untilFirst = false } = {}): Promise<string[]> {
  const found: string[] = [];
  for (const cell of some) {
    if ((await judge.allows(cell)) === isAllowed(cell)) continue;
    found.push(nameOf(cell));
    if (untilFirst) break;
  }
  return found;
}

describe.each(["tag", "instance"] as const)("policies by %s", (by) => {
  beforeAll(async () => {
    // The order of the two is not the tests' to choose, so each deploys its own.
    await world.apply(by);
    judge.forgetDeployment();
    await judge.startSessions(OPENINGS);
  }, DEPLOY_LIMIT_MS);

  it(
    "allow what they are for, and deny all else: another instance, document, OS user, tag, or person's session",
    async () => {
      expect(await turned(cells)).toEqual([]);
    },
    MATRIX_LIMIT_MS,
  );

  it(
    "lose at least one denial with each condition that is deleted",
    async () => {
      const idle: string[] = [];
      let count = 0;
      for (const [kind, policyArn] of Object.entries(world.policyArns)) {
        for (const { what, actions, document } of weaken(await readPolicy(sandbox.iam, policyArn))) {
          count += 1;
          const concerned = cells.filter(({ who, action }) => PEOPLE[who] === kind && actions.includes(action));
          const changes = await whileInForce(sandbox.iam, { policyArn, document }, () => {
            judge.forgetPolicies();
            return turned(concerned, { untilFirst: true });
          });
          if (changes.length === 0) idle.push(`${kind}: ${what}`);
        }
      }
      judge.forgetPolicies();
      expect(idle).toEqual([]);
      expect(count).toBeGreaterThanOrEqual(15);
    },
    MATRIX_LIMIT_MS,
  );
});

describe("the commands", () => {
  const as = (who: Who): TunnelOptions => {
    const { sessionToken, ...credentials } = world.credentials.get(who) ?? { accessKeyId: "", secretAccessKey: "" };
    const token = sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken };
    return { credentials, environment: { ENVIRONMENT, ...token } };
  };
  const run = (script: string, words: readonly string[], who: Who): Promise<CommandOutcome> => {
    const { credentials, environment, ...rest } = as(who);
    const own = { ...journey.environment(credentials), ...environment };
    return journey.person.run(join(scripts, script), words, { ...rest, environment: own });
  };

  it(
    "let whoever has the shell policy in by shell.ts, and refuse it connect.ts with 77",
    async () => {
      const [shell, connect] = await Promise.all([
        run("shell.ts", [NAME, "--", "echo", "in"], "sara"),
        run("connect.ts", [NAME, "--", "true"], "sara"),
      ]);
      expect(shell).toMatchObject({ status: 0, stdout: "in\n" });
      expect(connect.status).toBe(77);
      expect(connect.stderr).toContain("ssm:StartSession");
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "log a role in by ssh, and refuse it root and another bastion",
    async () => {
      const [in_, root, other] = await Promise.all([
        run("connect.ts", [NAME, "--", "echo", "in"], "riley"),
        run("connect.ts", [`root@${NAME}`, "--", "true"], "riley"),
        run("connect.ts", ["access-other", "--", "true"], "riley"),
      ]);
      expect(in_).toMatchObject({ status: 0, stdout: "in\n" });
      expect(root.status).toBe(77);
      expect(root.stderr).toContain("ec2-instance-connect:SendSSHPublicKey");
      expect(other.status).toBe(77);
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "reach by tunnel.ts --to NAME the one target that a person may, by its own document, and no other",
    async () => {
      const tunnel = await journey.open(["--to", "orders", "--local-port", "0"], 1, as("otto"));
      expect(await ask(tunnel.ports[0] ?? 0, "")).toBe("this is orders");
      const session = sandbox.endpoint.sessions.list().findLast(({ owner }) => owner.endsWith("/otto"));
      expect(session?.documentName).toBe(`bastion-${PREFIX}-to-orders`);
      await tunnel.end();
      const refused = await Promise.all([
        run("tunnel.ts", ["--to", "cache", "--local-port", "0"], "otto"),
        run("tunnel.ts", ["--to", "orders", "--via", "ssh", "--local-port", "0"], "otto"),
      ]);
      expect(refused.map(({ status }) => status)).toEqual([77, 77]);
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "tunnel by ssh as the tunnel user, and refuse whoever tunnels another one",
    async () => {
      const tunnel = await journey.open(["--to", "cache", "--via", "ssh", "--local-port", "0"], 1, as("tina"));
      expect(await ask(tunnel.ports[0] ?? 0, "")).toBe("this is cache");
      await tunnel.end();
      const words = ["--to", "cache", "--os-user", "ec2-user", "--local-port", "0"];
      const refused = await run("tunnel.ts", words, "tina");
      expect(refused.status).toBe(77);
      expect(refused.stderr).toContain("ec2-instance-connect:SendSSHPublicKey");
    },
    TUNNEL_LIMIT_MS,
  );
});
