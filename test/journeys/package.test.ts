// The package that npm would publish, installed in a folder of its own: its commands against the sandbox, its libraries in
// another program.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const project = join(import.meta.dirname, "..", "..");
const NAME = "journey-package";
const STARTS = 10;
const PEERS = ["cdktf", "@cdktf/provider-aws", "constructs", "zod", "@types/node"];

const CONSUMER = `
import { IsolatedBastion, completeSettings, type IsolatedBastionProps } from "isolated-bastion/stacks";
import { openStandardStream, type SessionOptions, type StandardStream } from "isolated-bastion/session-manager";
export const bastion: new (...given: never[]) => IsolatedBastion = IsolatedBastion;
export const props: IsolatedBastionProps = { settings: completeSettings({ tag_application: "billing" }) };
// @ts-expect-error bastions are counted in numbers
export const wrong = () => completeSettings({ tag_application: "billing", bastion_count: "two" });
export const open: (options: SessionOptions) => Promise<StandardStream> = openStandardStream;
console.log(typeof bastion, typeof open, props.settings.vpc_cidr);
`;

describe("the package", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let command = "";
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    await sandbox.cloneBastion(NAME);
    journey = new Journey(sandbox);
    execFileSync(process.execPath, [join(project, "scripts", "package.mjs")], { stdio: "ignore" });
    const [tarball = ""] = readdirSync(join(project, ".package")).filter((name) => name.endsWith(".tgz"));
    // Without a registry: the package brings all that its commands need.
    const words = [
      "install",
      "--offline",
      "--no-audit",
      "--no-fund",
      "--omit=peer",
      join(project, ".package", tarball),
    ];
    writeFileSync(join(journey.person.home, "package.json"), `{ "type": "module" }`);
    execFileSync("npm", words, { cwd: journey.person.home, stdio: "ignore" });
    command = join(journey.person.home, "node_modules", ".bin", "isolated-bastion");
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    await sandbox.close();
    journey.leave();
  });

  it(
    "logs in with no checkout anywhere, and passes the remote command's status on",
    async () => {
      const environment = journey.environment();
      const words = ["--offline", "isolated-bastion", "connect", NAME, "--", "echo here; exit 7"];
      const { status, stdout } = await journey.person.run("npx", words, { environment });
      expect([status, stdout]).toEqual([7, "here\n"]);
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "writes a Host block whose ProxyCommand is its own, with which ssh logs in",
    async () => {
      const environment = journey.environment();
      const printed = await journey.person.run(command, ["ssh-config", NAME], { environment });
      expect(printed.stdout).toContain(join(journey.person.home, "node_modules", "isolated-bastion"));
      const file = join(journey.person.home, "ssh_config");
      writeFileSync(file, printed.stdout);
      const login = await journey.person.run("ssh", ["-F", file, NAME, "exit 5"], { environment });
      expect(login.status).toBe(5);
    },
    JOURNEY_LIMIT_MS,
  );

  it("starts in two and a half times of Node's own 40 ms", async () => {
    const [own, bare]: [number[], number[]] = [[], []];
    for (let index = 0; index < STARTS; index += 1) {
      own.push(await startMs(command, ["connect", "--help"]));
      bare.push(await startMs(process.execPath, ["-e", ""]));
    }
    // The quickest of each, and a ratio: others use this computer at the same time.
    expect(Math.min(...own) / Math.min(...bare)).toBeLessThan(2.5);
  });

  async function startMs(program: string, words: readonly string[]): Promise<number> {
    const start = performance.now();
    expect(await journey.person.run(program, words)).toMatchObject({ status: 0 });
    return performance.now() - start;
  }

  it("makes a shell complete its own words, with its own program", async () => {
    const { stdout } = await journey.person.run(command, ["completion", "bash"]);
    const program = join(journey.person.home, "node_modules", "isolated-bastion", "commands", "completion.mjs");
    expect(stdout).toContain(` < <(${program} -- `);
    const offered = await journey.person.run(program, ["--", "isolated-bastion", "tunnel", "--vi"]);
    expect(offered).toMatchObject({ status: 0, stdout: "--via\n" });
  });

  it("has a name for itself and its commands, and says which there are", async () => {
    const help = await journey.person.run(command, ["--help"]);
    expect([help.status, help.stdout]).toEqual([
      0,
      expect.stringContaining("commands: audit, completion, connect, copy,"),
    ]);
    const wrong = await journey.person.run(command, ["conect"]);
    expect([wrong.status, wrong.stderr]).toEqual([
      64,
      expect.stringMatching(/no command "conect"\n.*hint: commands are/),
    ]);
  });

  it(
    "gives its constructs and its client to other programs, with their types",
    async () => {
      const { home } = journey.person;
      for (const peer of PEERS) {
        mkdirSync(dirname(join(home, "node_modules", peer)), { recursive: true });
        symlinkSync(join(project, "node_modules", peer), join(home, "node_modules", peer));
      }
      writeFileSync(join(home, "consumer.ts"), CONSUMER);
      const tsc = join(project, "node_modules", "typescript", "bin", "tsc");
      const words = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "consumer.ts"];
      const compiled = await journey.person.run(process.execPath, [tsc, ...words], { workingDirectory: home });
      expect(compiled).toMatchObject({ status: 0, stdout: "" });
      const ran = await journey.person.run(process.execPath, ["consumer.js"], { workingDirectory: home });
      expect(ran.stdout).toBe("function function 10.10.0.240/28\n");
    },
    JOURNEY_LIMIT_MS,
  );
});
