// A person with shell.ts: shells, commands, terminals, and what is left of them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { ShellJourney, shellPolicyWithout, shellScript, type TerminalCommand } from "./shell-journey.ts";

const NAME = "journey-shell";
const TEN_MINUTES_MS = 10 * 60_000;

let sandbox: TestSandbox;
let journey: ShellJourney;
let instanceId: string;
/** Added to the sandbox's time, in ms. */
let hurryMs = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + hurryMs } });
  instanceId = await sandbox.cloneBastion(NAME);
}, OPEN_LIMIT_MS);

afterAll(() => sandbox.close());

beforeEach(() => {
  hurryMs = 0;
  journey = new ShellJourney(sandbox);
});

afterEach(async () => {
  try {
    await journey.expectNothingLeft();
  } finally {
    journey.leave();
  }
});

describe("shell.ts on a terminal", () => {
  it(
    "opens a shell that obeys keys, Ctrl-C and exit, and ends with 0",
    async () => {
      const shell = journey.shellOnTerminal(NAME);
      shell.type("echo shell$((40 + 2))\r");
      await shell.stderrMatches(/shell42/);
      shell.type("echo sleeps$((40 + 3)); sleep 600\r");
      await shell.stderrMatches(/sleeps43/);
      shell.type("\u0003");
      shell.type("echo awake$((40 + 4))\r");
      await shell.stderrMatches(/awake44/);
      shell.type("exit 9\r");
      await expect(shell.outcome).resolves.toMatchObject({ status: 0 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "tells the terminal's size at the start and when it changes",
    async () => {
      const grow = 'until [ -e "$HOME/go" ]; do sleep 0.1; done; stty rows 33 cols 111 <"$terminal"';
      const script = `stty rows 31 cols 101; terminal=$(tty); (${grow}) & exec "$0" "$@"`;
      const shell = journey.onTerminal(["bash", "-c", script, shellScript, NAME]);
      shell.type("echo size $(stty size)\r");
      await shell.stderrMatches(/size 31 101/);
      writeFileSync(join(journey.person.home, "go"), "");
      shell.type("until [ \"$(stty size)\" = '33 111' ]; do sleep 0.1; done; echo grown$((1 + 1))\r");
      await shell.stderrMatches(/grown2/);
      shell.type("exit\r");
      await expect(shell.outcome).resolves.toMatchObject({ status: 0 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "runs a command on the terminal with --tty",
    async () => {
      const command = journey.shellOnTerminal(
        NAME,
        "--tty",
        "--",
        "tty >/dev/null && echo on$((1 + 1)); read word; echo got $word",
      );
      await command.stderrMatches(/on2/);
      command.type("this\r");
      await command.stderrMatches(/got this/);
      await expect(command.outcome).resolves.toMatchObject({ status: 0 });
    },
    JOURNEY_LIMIT_MS,
  );
});

describe("the terminal, after shell.ts", () => {
  /** Runs shell.ts between two looks at the terminal's settings; its process id stands in the file `pid`. */
  async function around(end: (shell: TerminalCommand, pid: number) => unknown, status: number): Promise<void> {
    const script = `stty -g >before; sh -c 'echo $$ >pid; exec "$@"' sh "$0" "$@"; status=$?; stty -g >after; exit $status`;
    const shell = journey.onTerminal(["bash", "-c", script, shellScript, NAME]);
    shell.type("echo shell$((40 + 2))\r");
    await shell.stderrMatches(/shell42/);
    await end(shell, Number(read("pid")));
    await expect(shell.outcome).resolves.toMatchObject({ status });
    expect(read("after")).toBe(read("before"));
  }
  const read = (name: string): string => readFileSync(join(journey.person.home, name), "utf8");

  const endings: readonly (readonly [string, (shell: TerminalCommand, pid: number) => unknown, number])[] = [
    [
      "exit",
      (shell) => {
        shell.type("exit\r");
      },
      0,
    ],
    [
      "Enter ~ .",
      (shell) => {
        shell.type("\r~.");
      },
      130,
    ],
    ["SIGTERM", (_shell, pid) => process.kill(pid, "SIGTERM"), 143],
    ["SIGHUP", (_shell, pid) => process.kill(pid, "SIGHUP"), 129],
    [
      "an administrator's end of the session",
      () => {
        sandbox.endpoint.sessions.endAll(instanceId, "ended by ada");
      },
      69,
    ],
  ];

  it.each(endings)(
    "is as it was: %s",
    async (_, end, status) => {
      await expect(around(end, status)).resolves.toBeUndefined();
    },
    JOURNEY_LIMIT_MS,
  );
});

describe("shell.ts with a command", () => {
  it(
    "has the command's output, errors and exit status",
    async () => {
      const outcome = await journey.shell([NAME, "--", "echo out; echo wrong >&2; exit 7"]);
      expect(outcome).toEqual({ status: 7, signal: undefined, stdout: "out\n", stderr: "wrong\n" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "hands words with quotes, dollars and blanks to the far side's shell as ssh does",
    async () => {
      const { stdout } = await journey.shell([NAME, "--", "echo", `"it's $((6 * 7)) | 'quoted'"`, "&&", "echo", "end"]);
      expect(stdout).toBe("it's 42 | 'quoted'\nend\n");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "carries a large output whole",
    async () => {
      const { stdout, status } = await journey.shell([NAME, "--", "seq 1 200000"]);
      expect(status).toBe(0);
      expect(stdout).toBe(Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join(""));
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 141 when nobody reads its output any more, as after SIGPIPE",
    async () => {
      const line = '"$0" "$@" | head -n 1; exit "${PIPESTATUS[0]}"';
      const environment = journey.environment();
      const outcome = await journey.person.run("bash", ["-c", line, shellScript, NAME, "--", "yes"], { environment });
      expect(outcome).toMatchObject({ status: 141, stdout: "y\n" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "keeps the reason with the session",
    async () => {
      await journey.shell([NAME, "--reason", "ticket 4711", "--", "true"]);
      expect(sandbox.endpoint.sessions.list().at(-1)).toMatchObject({ reason: "ticket 4711", target: instanceId });
    },
    JOURNEY_LIMIT_MS,
  );
});

describe("shell.ts with a script on its input", () => {
  it.each(["echo piped$((1 + 1))\n", "echo piped$((1 + 1))"])(
    "types it, and then the end of input: %j",
    async (input) => {
      const outcome = await journey.shell([NAME], { input });
      expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("piped2") as unknown });
    },
    JOURNEY_LIMIT_MS,
  );
});

describe("shell.ts, where it cannot", () => {
  it.each([
    [[], "no instance is named"],
    [[NAME, "ls"], 'unexpected argument "ls"'],
    [[NAME, "--tty"], "no command is given"],
    [[`ec2-user@${NAME}`], 'cannot use OS user "ec2-user"'],
    [[NAME, "--reason", "x".repeat(257)], "cannot use a reason of 257 characters"],
    [[NAME, "--kms-key", "alias/sessions"], 'cannot compare alias "alias/sessions"'],
    [[NAME, "--reboot", "--no-reboot"], "cannot both reboot and not reboot"],
    [[NAME, "--os-user", "root"], 'unknown flag "--os-user"'],
  ])("ends with 64: %j", async (words, message) => {
    const { status, stdout, stderr } = await journey.shell(words);
    expect([status, stdout]).toEqual([64, ""]);
    expect(stderr).toContain(`shell: error: ${message}`);
  });

  it(
    "ends with 66 for an instance that there is not",
    async () => {
      await expect(journey.shell(["nobody"])).resolves.toMatchObject({ status: 66 });
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(["ec2:DescribeInstances", "ssm:StartSession", "ssmmessages:OpenDataChannel"])(
    "ends with 77 without %s, and names it",
    async (action) => {
      const credentials = await sandbox.createUser(`shell-${action.replace(":", "-")}`, shellPolicyWithout(action));
      const { status, stderr } = await journey.shell([NAME, "--", "true"], { credentials });
      expect(status).toBe(77);
      expect(stderr).toContain(action);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "needs no other action than those, in clear",
    async () => {
      const statements = shellPolicyWithout("kms:GenerateDataKey", "ssm:ResumeSession", "ssm:TerminateSession");
      const credentials = await sandbox.createUser("shell-least", statements);
      await expect(journey.shell([NAME, "--", "exit 4"], { credentials })).resolves.toMatchObject({ status: 4 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when a session in clear is not what was wanted",
    async () => {
      const { status, stderr } = await journey.shell([NAME, "--encrypted", "--", "true"]);
      expect(status).toBe(69);
      expect(stderr).toContain("shell: error: cannot use session: it must be encrypted");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "reboots an instance whose SSM Agent hangs, with --reboot",
    async () => {
      const hanging = await sandbox.cloneBastion(`${NAME}-hanging`);
      sandbox.endpoint.nodes.offlineUntilReboot.add(hanging);
      hurryMs = TEN_MINUTES_MS; // a young instance would be waited for
      const { status, stderr } = await journey.shell([hanging, "--reboot", "--", "exit 5"]);
      expect(status).toBe(5);
      expect(stderr).toContain("rebooted");
    },
    JOURNEY_LIMIT_MS,
  );
});
