// What the manual prints of sftp.ts, ssh-config.ts, copy.ts and plain ssh is what works, with the policy of docs/permissions.md.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const project = join(import.meta.dirname, "..", "..");

function blocks(document: string, language: string): string[] {
  const fence = new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\``, "gms");
  return [...readFileSync(join(project, document), "utf8").matchAll(fence)].map(([, block = ""]) => block);
}

const commands = blocks("docs/commands.md", "sh")
  .flatMap((block) => block.split("\n").map((line) => line.trim()))
  .filter((line) => /scripts\/(sftp|ssh-config|copy)\.ts|^(ssh|scp|rsync) /.test(line));

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
