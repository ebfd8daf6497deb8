// audit.ts tells of what the other commands have done: who, from where, for how long, and who was not let do it.
import { SSMClient, StartSessionCommand, TerminateSessionCommand } from "@aws-sdk/client-ssm";
import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Access } from "../../scripts/audit/access.ts";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey, connectPolicyWithout } from "./connect-journey.ts";

const project = join(import.meta.dirname, "..", "..");
const auditScript = join(project, "scripts", "audit.ts");
const DEPLOYED = "sandbox-dev-bastion-host";
const ACTIONS = ["cloudtrail:LookupEvents", "ssm:DescribeSessions", "ec2:DescribeInstances"];
const arnOf = (userName: string): string => `arn:aws:iam::123456789012:user/${userName}`;

const allowing = (actions: readonly string[]): object[] => [{ Effect: "Allow", Action: actions, Resource: "*" }];

function sectionOf(document: string, heading: string): string {
  const text = readFileSync(join(project, "docs", document), "utf8");
  return text.split(/^(?=## )/m).find((section) => section.startsWith(`## ${heading}\n`)) ?? "";
}

const printedCommands = [...sectionOf("commands.md", "audit").matchAll(/^```sh\n(.*?)^```/gms)].flatMap(
  ([, block = ""]) => block.trim().split("\n"),
);

describe("audit.ts", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let instanceId: string;
  /** May do what docs/permissions.md says, and no more. */
  let auditor: Credentials;
  let endedByOthers: string | undefined;

  beforeAll(async () => {
    sandbox = await openTestSandbox();
    journey = new Journey(sandbox);
    symlinkSync(join(project, "scripts"), join(journey.person.home, "scripts"));
    instanceId = sandbox.shared.deployment?.instanceIds[0] ?? "";
    const [, policy = "{}"] = /^```json\n(.*?)^```/ms.exec(sectionOf("permissions.md", "audit")) ?? [];
    auditor = await sandbox.createUser("audit-reader", (JSON.parse(policy) as { Statement: object[] }).Statement);
    const [ada, eve] = [
      await sandbox.createUser("audit-ada", connectPolicyWithout()),
      await sandbox.createUser("audit-eve", allowing(["ec2:DescribeInstances"])),
    ];
    const connects = await Promise.all(
      [ada, eve].map((credentials) => journey.connect([DEPLOYED, "--", "true"], { credentials })),
    );
    assert.deepEqual(
      connects.map(({ status }) => status),
      [0, 77],
    );
    endedByOthers = await startAndEnd(ada);
    // A target is foreign text: it comes from whoever calls.
    const hostile = sandbox.ssm.send(new StartSessionCommand({ Target: "i-\u001b[2J" }));
    await assert.rejects(hostile, { name: "TargetNotConnected" });
  }, OPEN_LIMIT_MS + JOURNEY_LIMIT_MS);

  afterAll(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
      await sandbox.close();
    }
  });

  /** A session of ada's that the deployer ends. */
  async function startAndEnd(ada: Credentials): Promise<string | undefined> {
    const ssm = new SSMClient(sandbox.configuration(ada));
    const { SessionId } = await ssm.send(new StartSessionCommand({ Target: instanceId, Reason: "ticket 7" }));
    await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
    return SessionId;
  }

  const run = (words: readonly string[], credentials = auditor) =>
    journey.person.run(auditScript, words, { environment: journey.environment(credentials) });

  it(
    "tells by name of sessions, keys, refusals, and sessions that others have ended",
    async () => {
      const { status, stdout, stderr } = await run([DEPLOYED, "--json"]);
      expect({ status, stderr }).toEqual({
        status: 0,
        stderr: "audit: reading the records of CloudTrail and Session Manager\n",
      });
      const { region, accesses } = JSON.parse(stdout) as { region: string; accesses: Access[] };
      expect(region).toBe("eu-central-1");
      expect(accesses.every((access) => access.instanceId === instanceId && access.from === "127.0.0.1")).toBe(true);
      expect(accesses.map(({ call, who, refusal }) => `${call} ${who} ${String(refusal)}`).sort()).toEqual(
        [
          `StartSession ${arnOf("audit-ada")} null`,
          `SendSSHPublicKey ${arnOf("audit-ada")} null`,
          `StartSession ${arnOf("audit-eve")} AccessDenied`,
          `StartSession ${arnOf("audit-ada")} null`,
          `TerminateSession ${arnOf("deployer")} null`,
        ].sort(),
      );
      expect(accesses.find(({ document }) => document === "AWS-StartSSHSession")).toMatchObject({
        isOpen: false,
        end: expect.any(String),
        durationSeconds: expect.any(Number),
      });
      expect(accesses.find(({ call }) => call === "SendSSHPublicKey")).toMatchObject({
        osUser: "ec2-user",
        keyFingerprint: expect.stringMatching(/^SHA256:[\w+/]{43}$/),
      });
      expect(accesses.find(({ reason }) => reason === "ticket 7")).toMatchObject({ sessionId: endedByOthers });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "tells of the whole Region without a name, in a table that no terminal obeys",
    async () => {
      const { status, stdout } = await run(["--quiet"]);
      expect(status).toBe(0);
      const [headings, ...lines] = stdout.trimEnd().split("\n");
      expect(headings).toMatch(/^TIME \(UTC\) +WHO +WHAT +INSTANCE +FROM +HOW LONG$/);
      expect(lines).toHaveLength(6);
      expect(lines.find((line) => line.includes("TargetNotConnected"))).toContain("i-\\u001b[2J");
      expect(stdout).not.toContain("\u001b");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "says that there is nothing to tell of an instance that nobody has reached",
    async () => {
      const { status, stdout, stderr } = await run(["i-0123456789abcdef0", "--since", "1h"]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
      expect(stderr).toContain("audit: nobody has opened a session or sent a key since 20");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "takes each of the permissions that the manual names",
    async () => {
      const names = ACTIONS.map((action) => `audit-without-${action.replace(":", "-")}`);
      const users = await Promise.all(
        ACTIONS.map((action, index) =>
          sandbox.createUser(names[index] ?? "", allowing(ACTIONS.filter((other) => other !== action))),
        ),
      );
      const outcomes = await Promise.all(users.map((credentials) => run([DEPLOYED], credentials)));
      expect(outcomes.map(({ status }) => status)).toEqual([77, 77, 77]);
      expect(outcomes.map(({ stderr }, index) => stderr.includes(`cannot call ${ACTIONS[index] ?? ""}`))).toEqual([
        true,
        true,
        true,
      ]);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    [["no-such-bastion"], 66, 'no instance has the Name tag "no-such-bastion" in eu-central-1'],
    [[DEPLOYED, "another"], 64, 'unexpected argument "another"'],
    [[DEPLOYED, "--since", "tomorrow"], 64, 'cannot use --since "tomorrow"'],
  ])("%j ends with %i: %s", async (words, expected, complaint) => {
    const { status, stdout, stderr } = await run(words);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
    expect(stderr).toContain(complaint);
  });

  it.each(printedCommands)(
    "is printed in the manual as it works: %s",
    async (command) => {
      const environment = journey.environment(auditor);
      const { status, stdout } = await journey.person.run("/bin/sh", ["-c", command], { environment });
      expect(status).toBe(0);
      expect(stdout).toContain("StartSession");
    },
    JOURNEY_LIMIT_MS,
  );

  it("has printed commands", () => {
    expect(printedCommands.length).toBeGreaterThan(2);
  });
});
