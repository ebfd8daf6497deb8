// `npm run sandbox`, as a person starts it: what it says, what it ends with, and that nothing of it is left.
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { processStartMark } from "../../scripts/platform/process-start.ts";
import { findProviderMirror, terraformPlatform } from "../../sandbox/terraform/provider-mirror.ts";
import { Person, type CommandOptions, type RunningCommand } from "../harness/run-command.ts";

const project = dirname(dirname(import.meta.dirname));
const launcher = join(project, "scripts", "launcher.mjs");
const sandboxMain = join(project, "sandbox", "main.ts");
const BASTION = "sandbox-dev-bastion-host";
/** A deploy takes 40 s on a computer with nothing else to do. */
const DEPLOY_LIMIT_MS = 300_000;

// The person of these journeys has a home of its own, so the mirror in the real one must be named.
const mirror = findProviderMirror({
  environment: process.env,
  home: homedir(),
  platform: terraformPlatform(process.platform, process.arch),
});
const providerMirror: Record<string, string> = mirror === undefined ? {} : { TF_PLUGIN_MIRROR: mirror };

jest.setTimeout(DEPLOY_LIMIT_MS);

let person: Person;
let directory: string;
const people: Person[] = [];
const started: RunningCommand[] = [];

beforeEach(() => {
  person = new Person();
  people.push(person);
  directory = mkdtempSync(join(tmpdir(), "sandbox-command-"));
  // moto is installed once for all tests, in the checkout.
  for (const name of readdirSync(join(project, ".sandbox")).filter((entry) => /^moto-\d/.test(entry))) {
    symlinkSync(join(project, ".sandbox", name), join(directory, name));
  }
});
afterEach(async () => {
  // Only a test that has failed has left any running.
  for (const { child } of started) child.kill("SIGKILL");
  await Promise.allSettled(started.splice(0).map(({ outcome }) => outcome));
  rmSync(directory, { recursive: true, force: true });
});
afterAll(() => {
  for (const each of people) each.leave();
});

function start(sandboxArguments: readonly string[], options: CommandOptions = {}): RunningCommand {
  const environment = { ...providerMirror, ...options.environment };
  const words = [launcher, sandboxMain, "--directory", directory, ...sandboxArguments];
  const running = person.start(process.execPath, words, { timeLimitMs: DEPLOY_LIMIT_MS, ...options, environment });
  started.push(running);
  return running;
}

/** Process groups that the sandbox has noted, moto's first. */
function notedGroups(): number[] {
  const { groups } = JSON.parse(readFileSync(join(directory, "running.json"), "utf8")) as { groups: { pid: number }[] };
  return groups.map(({ pid }) => pid);
}

/** A killed orphan may wait long to be asked about by a container's first process: it has ended all the same. */
async function isAlive(pid: number): Promise<boolean> {
  return (await processStartMark(pid, process.platform)) !== undefined;
}

async function expectNothingLeft(groups: readonly number[] = []): Promise<void> {
  expect(await person.leftovers()).toEqual([]);
  const alive = await Promise.all(groups.map(isAlive));
  expect(groups.filter((_, index) => alive[index])).toEqual([]);
  expect(["env", "running.json", "instances"].filter((name) => existsSync(join(directory, name)))).toEqual([]);
}

describe("npm run sandbox", () => {
  it("with --exec deploys, gives the command's output and exit status and nothing else on stdout, and leaves nothing", async () => {
    const { outcome, stderrMatches } = start(["--exec", "echo here; echo there >&2; exit 7"], { input: "" });
    await stderrMatches(/cdktf deploy/);
    const groups = notedGroups();
    const { status, stdout, stderr } = await outcome;
    expect({ status, stdout }).toEqual({ status: 7, stdout: "here\n" });
    expect(stderr.match(/real shell on this computer/g)).toHaveLength(1);
    expect(stderr).toMatch(/^moto, the AWS behind it: [\d.]+ s$/m);
    expect(stderr).toMatch(/^cdktf deploy: \d+ s$/m);
    expect(stderr).toMatch(/^there$/m);
    expect(groups).not.toEqual([]);
    await expectNothingLeft(groups);
  });

  it("without a terminal stays up for other terminals, where a second deploy changes nothing, until Ctrl-C", async () => {
    const { child, outcome, stderrMatches } = start([]);
    await stderrMatches(/^the sandbox is up/m);
    const groups = notedGroups();
    const other = (script: string): ReturnType<Person["run"]> =>
      person.run("sh", ["-c", `. "$0" && ${script}`, join(directory, "env"), project], {
        environment: { NODE_DISABLE_COMPILE_CACHE: "1" }, // npx would leave its own in the temporary directory
        timeLimitMs: DEPLOY_LIMIT_MS,
      });

    const connected = await other(`"$1/scripts/connect.ts" ${BASTION} -- 'echo "$HOME"'`);
    expect(connected).toMatchObject({ status: 0, stdout: expect.stringContaining(directory) as unknown });

    const second = await start(["--exec", "true"], { input: "" }).outcome;
    expect(second.status).toBe(69);
    expect(second.stderr).toMatch(/runs already, as process \d+[^]*hint: use it from here: \. .*env/);

    const output = join(directory, "other-out");
    const deployed = await other(`cd "$1" && npx cdktf deploy --auto-approve --output '${output}'`);
    expect(deployed.stdout).toContain("No changes.");
    expect(deployed.status).toBe(0);

    child.kill("SIGINT");
    expect(await outcome).toMatchObject({ status: 0, stdout: "" });
    await expectNothingLeft(groups);
  });

  it("ends with 130 on Ctrl-C in the middle of a deploy, and leaves nothing", async () => {
    const { child, outcome, stderrMatches } = start(["--exec", "true"], { input: "" });
    await stderrMatches(/Creating|Creation complete/);
    const groups = notedGroups();
    child.kill("SIGINT");
    expect(await outcome).toMatchObject({ status: 130, stdout: "" });
    expect(groups.length).toBeGreaterThan(1);
    await expectNothingLeft(groups);
  });

  it("after kill -9 in the middle of a deploy, the next start ends what was left running", async () => {
    const { child, outcome, stderrMatches } = start(["--exec", "true"], { input: "" });
    await stderrMatches(/Creating|Creation complete/);
    const groups = notedGroups();
    child.kill("SIGKILL");
    const next = start(["--exec", "true"], { input: "" });
    await next.stderrMatches(/moto, the AWS behind it/);
    next.child.kill("SIGINT");
    expect(await next.outcome).toMatchObject({ status: 130 });
    await outcome;
    await expectNothingLeft(groups);
  });
});

describe("npm run sandbox, refused", () => {
  it("says what is missing and how to get it, with status 69, before anything is started", async () => {
    const tools = join(directory, "tools");
    mkdirSync(tools);
    writeFileSync(join(tools, "terraform"), "#!/bin/sh\necho Terraform v1.9.8\n", { mode: 0o755 });
    const { status, stderr } = await start([], {
      input: "",
      environment: { PATH: `${tools}${delimiter}${process.env["PATH"] ?? ""}` },
    }).outcome;
    expect(status).toBe(69);
    expect(stderr).toMatch(/^sandbox: error: cannot start the sandbox: "terraform" is too old \(1\.9\)\n/m);
    expect(stderr).toMatch(/^sandbox: hint: install Terraform 1\.10 or later: https:/m);
    expect(existsSync(join(directory, "running.json"))).toBe(false);
  });

  it("names the setting that is wrong, and deploys nothing", async () => {
    const { status, stderr } = await start([], { input: "", environment: { ENVIRONMENT: "no-such-environment" } })
      .outcome;
    expect(stderr).toContain("no-such-environment.tfvars.json");
    expect(status).not.toBe(0);
    await expectNothingLeft();
  });

  it("fails with 69 for a port that another program listens on", async () => {
    const { createServer } = await import("node:http");
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const { status, stderr } = await start(["--port", String(port)], { input: "" }).outcome;
    server.close();
    expect(stderr).toMatch(/cannot listen on port \d+ of 127\.0\.0\.1: another program does/);
    expect(status).toBe(69);
    await expectNothingLeft();
  });

  it("fails with 64 for an option that there is not", async () => {
    const { status, stderr } = await start(["--shell"], { input: "" }).outcome;
    expect(stderr).toMatch(/cannot read the command line[^]*hint: npm run sandbox -- --help/);
    expect(status).toBe(64);
  });
});
