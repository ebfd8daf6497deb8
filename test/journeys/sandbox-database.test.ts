// `npm run sandbox -- --database`, as a person starts it, and the tunnel that the README promises.
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { findProviderMirror, terraformPlatform } from "../../sandbox/terraform/provider-mirror.ts";
import { Person } from "../harness/run-command.ts";

const project = dirname(dirname(import.meta.dirname));
const LIMIT_MS = 300_000;

let person: Person;
let directory: string;

beforeAll(() => {
  person = new Person();
  chmodSync(dirname(person.home), 0o711); // PostgreSQL does not run as root, and its user must come through
  directory = mkdtempSync(join(tmpdir(), "sandbox-database-"));
  for (const name of readdirSync(join(project, ".sandbox")).filter((entry) => /^moto-\d/.test(entry)))
    symlinkSync(join(project, ".sandbox", name), join(directory, name));
});

afterAll(() => {
  person.leave();
  rmSync(directory, { recursive: true, force: true });
});

/** What the manual prints of tunnel.ts. */
const manual = [
  ...readFileSync(join(project, "docs", "commands.md"), "utf8").matchAll(/^\.\/scripts\/tunnel\.ts (?!.*\[|.*\|).+$/gm),
].map(([line]) => line);
const ends = (command: string): boolean => /--(exec|background|stop)/.test(command);

/** Ctrl-C ends the others; the stack has a rule for its database, and none for the cache of the example. */
function statusInManual(command: string): number {
  if (command.includes("cache.internal")) return 69;
  return ends(command) ? 0 : 130;
}

/** Runs it as printed, but at any port that is free: others may have the manual's on this computer. */
async function statusOf(command: string): Promise<number | undefined> {
  const named = command.replace("--local-port 6543", "--local-port 0").replace("--socks 1080", "--socks 0");
  const left = [...named.matchAll(/--(rds|to)\b/g)].length - [...named.matchAll(/--local-port/g)].length;
  const line = `. "$0" && cd "$1" && ${ends(command) ? "" : "exec "}${named}${" --local-port 0".repeat(left)}`;
  const running = person.start("sh", ["-c", line, join(directory, "env"), project]);
  const isUp = running.stderrMatches(/Ctrl-C ends the tunnel/).catch(() => undefined); // it has ended: its status tells
  if (!ends(command)) await isUp.then(() => running.child.kill("SIGINT"));
  const { status } = await running.outcome;
  await person.run(join(project, "scripts", "tunnel.ts"), ["--stop", "all", "--region", "eu-central-1"]);
  return status;
}

it(
  "deploys a bastion with a database behind it, which tunnel --rds reaches as printed, and leaves nothing",
  async () => {
    const platform = terraformPlatform(process.platform, process.arch);
    const mirror = findProviderMirror({ environment: process.env, home: homedir(), platform });
    const words = [join(project, "scripts", "launcher.mjs"), join(project, "sandbox", "main.ts")];
    const sandbox = person.start(process.execPath, [...words, "--directory", directory, "--database"], {
      environment: mirror === undefined ? {} : { TF_PLUGIN_MIRROR: mirror },
      timeLimitMs: LIMIT_MS,
    });
    await sandbox.stderrMatches(/^the sandbox is up[^]+Ctrl-C here ends it all/m);
    const command = `'psql -X -A -t -c "select current_user, 6 * 7"'`;
    const tunnel = `"$1/scripts/tunnel.ts" --rds --local-port 0 --db-user app --exec ${command}`;
    const reached = await person.run("sh", ["-c", `. "$0" && ${tunnel}`, join(directory, "env"), project]);
    expect(reached).toMatchObject({ status: 0, stdout: "app|42\n" });
    expect(manual.length).toBeGreaterThanOrEqual(6);
    for (const command of manual)
      expect([command, await statusOf(command)]).toEqual([command, statusInManual(command)]);
    sandbox.child.kill("SIGINT");
    expect(await sandbox.outcome).toMatchObject({ status: 0, stdout: "" });
    expect(await person.leftovers()).toEqual([]);
  },
  LIMIT_MS,
);
