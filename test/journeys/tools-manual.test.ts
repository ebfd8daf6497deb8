// What the manual prints of sftp.ts, ssh-config.ts, copy.ts, doctor.ts, completion.ts and plain ssh is what works, with the
// policy of docs/permissions.md; and no printed command is left to nobody.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey, connectPolicyWithout } from "./connect-journey.ts";

const project = join(import.meta.dirname, "..", "..");

function blocks(document: string, language: string): string[] {
  const fence = new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\``, "gms");
  return [...readFileSync(join(project, document), "utf8").matchAll(fence)].map(([, block = ""]) => block);
}

const printed = blocks("docs/commands.md", "sh").flatMap((block) =>
  block
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== ""),
);
const commands = printed.filter((line) =>
  /scripts\/(sftp|ssh-config|copy|doctor|completion)\.ts|^(ssh|scp|rsync) /.test(line),
);
/** Those that other tests run: connect-manual, shell-manual, audit, sandbox-database, sandbox-command. */
const elsewhere = /scripts\/(connect|shell|audit|tunnel)\.ts|^npm run sandbox|^\. \.sandbox\/env$/;

const KEY = "ec2-instance-connect:SendSSHPublicKey";

describe("the manual of the tools around ssh", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let credentials: Credentials;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    credentials = await sandbox.createUser("reader-of-the-tools-manual", policyOfTheManual());
  }, OPEN_LIMIT_MS);
  afterAll(() => sandbox.close());
  beforeEach(() => {
    journey = new Journey(sandbox);
    const { home } = journey.person;
    symlinkSync(join(project, "scripts"), join(home, "scripts"));
    writeFileSync(join(home, "report.csv"), "a,b\n");
    mkdirSync(join(home, "folder"));
    mkdirSync(join(home, "bin"));
    // ssh finds a person's own configuration by the password file, which no test may change.
    const plainSsh = `#!/bin/sh\nPATH=\${PATH#*:}\nexec ssh -F "$HOME/.ssh/config" "$@"\n`;
    writeFileSync(join(home, "bin", "ssh"), plainSsh);
    writeFileSync(join(home, "bin", "scp"), plainSsh.replace("exec ssh", "exec scp"));
    for (const name of ["ssh", "scp"]) chmodSync(join(home, "bin", name), 0o755);
  });
  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  function policyOfTheManual(): object[] {
    const [policy = ""] = blocks("docs/permissions.md", "json");
    const filled = policy.replaceAll("REGION", sandbox.shared.region).replaceAll("ACCOUNT_ID", "123456789012");
    return (JSON.parse(filled) as { readonly Statement: object[] }).Statement;
  }

  it("has commands to run", () => {
    expect(commands.length).toBeGreaterThan(6);
  });

  it("prints no command that no test runs", () => {
    expect(printed.filter((line) => !commands.includes(line) && !elsewhere.test(line))).toEqual([]);
  });

  it(
    "ends with 77 without one of the permissions, and names it",
    async () => {
      const needed = ["ec2:DescribeInstances", "ssm:StartSession", "ssmmessages:OpenDataChannel"];
      const host = "sandbox-dev-bastion-host";
      const tools: readonly (readonly [string, ...string[]])[] = [
        ["sftp", host],
        ["copy", `${host}:/etc/hosts`, "hosts"],
        ["proxy", host],
      ];
      for (const missing of [...needed, KEY]) {
        const name = `tools-without-${missing.replace(":", "-")}`;
        const without = await sandbox.createUser(name, connectPolicyWithout(missing));
        // proxy authorizes its key for ssh alone, which is not here to ask for it.
        const asked = missing === KEY ? tools.filter(([tool]) => tool !== "proxy") : tools;
        const outcomes = asked.map(([tool, ...words]) =>
          journey.person.run(join(project, "scripts", `${tool}.ts`), words, {
            environment: journey.environment(without),
          }),
        );
        for (const { status, stderr } of await Promise.all(outcomes)) {
          expect([status, stderr]).toEqual([77, expect.stringContaining(missing)]);
        }
      }
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(commands)(
    "prints what works, with the permissions that it names: %s",
    async (command) => {
      const bin = join(journey.person.home, "bin");
      const install = "./scripts/ssh-config.ts sandbox-dev-bastion-host --write --quiet";
      const plain = /^(ssh|scp|rsync) /.test(command) ? `${install} && export PATH="${bin}:$PATH" && ` : "";
      const outcome = await journey.person.run("/bin/sh", ["-c", `${plain}${command}`], {
        environment: journey.environment(credentials),
        input: "pwd\n", // to those that open a prompt
      });
      expect(outcome).toMatchObject({ status: 0 });
    },
    JOURNEY_LIMIT_MS,
  );
});
