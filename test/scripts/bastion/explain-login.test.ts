// Why ssh could not log in.
import { describe, expect, it } from "@jest/globals";
import { causeOfRefusal, explainLogin } from "../../../scripts/bastion/explain-login.ts";
import type { LoginFacts } from "../../../scripts/command/aws-ports.ts";
import { KnownHosts } from "../../../scripts/ssh/known-hosts.ts";
import type { LoginStage } from "../../../scripts/ssh/login-watch.ts";
import { instanceOf } from "./instance-of.ts";

const AMAZON_LINUX: LoginFacts = { imageName: "al2023-ami-2023.5.20241001.1-kernel-6.1-x86_64", hasMetadata: true };

describe("causeOfRefusal()", () => {
  it.each<[string, Partial<LoginFacts>, string, string]>([
    ["the metadata is off", { hasMetadata: false }, "ec2-user", "the instance's metadata is switched off"],
    ["the image has another OS user", {}, "ubuntu", `the image's OS user is "ec2-user"`],
    [
      "the image has another OS user",
      { imageName: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-1" },
      "ec2-user",
      `the image's OS user is "ubuntu"`,
    ],
    ["the image is none of those", { imageName: "debian-12-amd64" }, "admin", `image "debian-12-amd64" is none that`],
    ["nothing is known", {}, "ec2-user", `is there an OS user "ec2-user" on the instance`],
    ["the image cannot be looked at", { imageName: undefined }, "ec2-user", `is there an OS user "ec2-user"`],
  ])("says that %s", (_what, facts, osUser, cause) => {
    expect(causeOfRefusal({ ...AMAZON_LINUX, ...facts }, osUser).cause).toContain(cause);
  });
});

describe("explainLogin()", () => {
  async function explain(stage: LoginStage): Promise<string[]> {
    const warnings: string[] = [];
    const knownHosts = new KnownHosts("/nowhere/known_hosts");
    await explainLogin(
      { stage, instance: instanceOf(), osUser: "ec2-user", knownHosts },
      {
        aws: { loginFacts: () => Promise.reject(new RangeError("denied")) },
        reporter: { warn: (text) => warnings.push(text), debug: () => undefined },
      },
    );
    return warnings;
  }

  it.each<LoginStage>(["hello", "session"])("leaves the word to ssh at the stage %s", async (stage) => {
    await expect(explain(stage)).resolves.toEqual([]);
  });

  it("does not speak of a changed host key where none was known", async () => {
    await expect(explain("exchange")).resolves.toEqual([]);
  });

  it("says what it can without permission to look", async () => {
    await expect(explain("login")).resolves.toHaveLength(2);
  });
});
