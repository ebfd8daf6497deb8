// Bad input, and AWS saying no: what a person reads, the exit status, and that nothing is left of the attempt.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { StopInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { type ConnectOptions, JOURNEY_LIMIT_MS, Journey, connectPolicyWithout, ownLines } from "./connect-journey.ts";

const NAME = "journey-refusals";

describe("connect.ts, refused", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  /** Added to the sandbox's time, in ms. */
  let hurryMs = 0;
  beforeAll(async () => {
    sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + hurryMs } });
    await sandbox.cloneBastion(NAME);
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    await sandbox.close();
    assert.deepEqual(sandbox.faultsMet, []);
  });
  beforeEach(() => {
    hurryMs = 0;
    journey = new Journey(sandbox);
  });
  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  interface Refusal {
    readonly status: number;
    /** Without `connect: error: `. */
    readonly error: string | RegExp;
    /** One of the hint lines. */
    readonly hint: string | RegExp;
  }

  async function expectRefusal(
    words: readonly string[],
    refusal: Refusal,
    options: ConnectOptions = {},
  ): Promise<void> {
    const outcome = await journey.connect(words, options);
    const lines = ownLines(outcome);
    const matching = (expected: string | RegExp) =>
      typeof expected === "string" ? expected : expect.stringMatching(expected);
    expect(lines.filter((line) => line.startsWith("connect: error: ")).map((line) => line.slice(16))).toEqual([
      matching(refusal.error),
    ]);
    expect(lines.filter((line) => line.startsWith("connect: hint: ")).map((line) => line.slice(15))).toContainEqual(
      matching(refusal.hint),
    );
    expect([outcome.status, outcome.stdout]).toEqual([refusal.status, ""]);
  }

  describe("the bastion", () => {
    it(
      "fails with 66 and the closest name for a Name tag that no instance has",
      () =>
        expectRefusal(["journey-refusal", "--", "true"], {
          status: 66,
          error: 'cannot find bastion: no running instance has the Name tag "journey-refusal" in eu-central-1',
          hint: `did you mean "${NAME}"?`,
        }),
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 66 in the wrong Region, and names it",
      () =>
        expectRefusal([NAME, "--region", "us-east-1"], {
          status: 66,
          error: `cannot find bastion: no running instance has the Name tag "${NAME}" in us-east-1`,
          hint: "another Region or account? see --region and --profile",
        }),
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 66 for an instance id that does not exist",
      () =>
        expectRefusal(["i-0123456789abcdef0"], {
          status: 66,
          error: 'cannot find bastion: no instance "i-0123456789abcdef0" in eu-central-1',
          hint: "another Region or account? see --region and --profile",
        }),
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 69 for one that is stopped, and with 66 once it is terminated",
      async () => {
        const id = await sandbox.cloneBastion("journey-asleep");
        await sandbox.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
        await expectRefusal(["journey-asleep"], {
          status: 69,
          error: `cannot connect to "journey-asleep": instance "${id}" is stopped`,
          hint: `aws ec2 start-instances --region eu-central-1 --instance-ids ${id}`,
        });
        await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
        await expectRefusal(["journey-asleep"], {
          status: 66,
          error: `cannot find bastion: no running instance has the Name tag "journey-asleep" in eu-central-1, and "${id}" is terminated`,
          hint: "another Region or account? see --region and --profile",
        });
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 64 and a list when several run and nobody can be asked",
      async () => {
        const ids = [await sandbox.cloneBastion("journey-twins"), await sandbox.cloneBastion("journey-twins")];
        for (const id of ids)
          await expectRefusal(["journey-twins"], {
            status: 64,
            error: 'cannot choose: 2 running instances have the Name tag "journey-twins"',
            hint: new RegExp(`^  ${id}  `),
          });
        await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
      },
      JOURNEY_LIMIT_MS,
    );

    it.each([
      "\u001b]0;owned\u0007\u001b[2J",
      "$(touch owned);`touch owned`",
      "-oProxyCommand=touch owned",
      "a*b?c\\d",
    ])(
      "finds the Name tag %j, shows it without escapes, and executes nothing of it",
      async (hostile) => {
        const id = await sandbox.cloneBastion(hostile);
        // A word that begins with a dash is a flag to every command; the id always works.
        const word = hostile.startsWith("-") ? id : hostile;
        await expect(journey.connect([word, "--", "exit", "3"])).resolves.toMatchObject({ status: 3 });
        const { stderr } = await journey.connect([`${hostile.replace(/^-/, "")}x`, "--", "true"]);
        expect(stderr).toContain("did you mean");
        // eslint-disable-next-line no-control-regex -- these are what must not be there
        expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
        expect(readdirSync(journey.person.home)).not.toContain("owned");
        await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      },
      JOURNEY_LIMIT_MS,
    );
  });

  describe("the credentials", () => {
    const noKeys = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };

    it(
      "fails with 77 when there are none",
      () =>
        expectRefusal(
          [NAME],
          {
            status: 77,
            error: "no AWS credentials found",
            hint: "name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
          },
          { environment: noKeys },
        ),
      JOURNEY_LIMIT_MS,
    );

    it.each([
      ["the access key id is not known", { AWS_ACCESS_KEY_ID: "AKIA0000000000000000" }],
      ["the secret is wrong", { AWS_SECRET_ACCESS_KEY: "wrong" }],
    ])(
      "fails with 77 when %s",
      (_when, environment) =>
        expectRefusal(
          [NAME],
          {
            status: 77,
            error: "cannot call ec2:DescribeInstances: AWS does not know these credentials",
            hint: "for the sandbox: . .sandbox/env",
          },
          { environment },
        ),
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 77 when they have expired",
      async () => {
        const sts = new STSClient(sandbox.configuration());
        const trust = { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" };
        const document = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
        const role = new CreateRoleCommand({ RoleName: "lent", AssumeRolePolicyDocument: document });
        const { Role } = await sandbox.iam.send(role);
        const borrow = { RoleArn: Role?.Arn, RoleSessionName: "ada", DurationSeconds: 900 };
        const { Credentials } = await sts.send(new AssumeRoleCommand(borrow));
        sts.destroy();
        hurryMs = 2 * 3_600_000;
        const environment = {
          AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? "",
          AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? "",
          AWS_SESSION_TOKEN: Credentials?.SessionToken ?? "",
        };
        await expectRefusal(
          [NAME],
          {
            status: 77,
            error: "cannot call ec2:DescribeInstances: the AWS credentials have expired",
            hint: "renew them: new keys, or aws sso login",
          },
          { environment },
        );
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 77 and the login command when an SSO login has expired",
      async () => {
        mkdirSync(join(journey.person.home, ".aws"));
        const session = "[sso-session work]\nsso_start_url=https://sso.example/start\nsso_region=eu-central-1\n";
        const profile = "[profile work]\nsso_session=work\nsso_account_id=123456789012\nsso_role_name=Developer\n";
        writeFileSync(join(journey.person.home, ".aws", "config"), `${session}${profile}`);
        await expectRefusal([NAME, "--profile", "work"], {
          status: 77,
          error: 'the login of profile "work" has expired or was never made',
          hint: "aws sso login --profile work",
        });
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 77 for a profile that does not exist",
      () =>
        expectRefusal([NAME, "--profile", "wrok"], {
          status: 77,
          error: 'cannot use profile "wrok": neither ~/.aws/config nor ~/.aws/credentials has it',
          hint: "aws configure list-profiles",
        }),
      JOURNEY_LIMIT_MS,
    );
  });

  describe("the permissions", () => {
    it.each([
      ["ec2:DescribeInstances", "cannot call ec2:DescribeInstances: AWS does not allow it"],
      ["ssm:StartSession", /^cannot call ssm:StartSession on "i-[0-9a-f]+": AWS does not allow it$/],
      [
        "ec2-instance-connect:SendSSHPublicKey",
        /^cannot call ec2-instance-connect:SendSSHPublicKey on "i-[0-9a-f]+": AWS does not allow it$/,
      ],
      ["ssmmessages:OpenDataChannel", "cannot open data channel: AWS does not allow ssmmessages:OpenDataChannel"],
    ])(
      "fails with 77 and the action's name without %s",
      async (action, error) => {
        const credentials = await sandbox.createUser(
          `without-${action.replace(":", "-")}`,
          connectPolicyWithout(action),
        );
        const hint = `ask for the permission ${action}; docs/permissions.md has the policy`;
        await expectRefusal([NAME, "--", "true"], { status: 77, error, hint }, { credentials });
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "works without ssm:TerminateSession and without those that only healing needs",
      async () => {
        const optional = [
          "ssm:TerminateSession",
          "ssm:ResumeSession",
          "ssm:DescribeSessions",
          "ec2:CreateTags",
          "ec2:DeleteTags",
          "ec2:DescribeImages",
          "ec2:GetConsoleOutput",
          "ec2:RebootInstances",
          "ec2:StartInstances",
          "ssm:GetConnectionStatus",
        ];
        const credentials = await sandbox.createUser("modest", connectPolicyWithout(...optional));
        await expect(journey.connect([NAME, "--", "exit", "3"], { credentials })).resolves.toMatchObject({ status: 3 });
      },
      JOURNEY_LIMIT_MS,
    );

    it.each(["ssm:GetConnectionStatus", "ec2:RebootInstances"])(
      "fails with 77 and the action's name when healing lacks %s",
      async (action) => {
        const name = `journey-${action.replace(":", "-")}`;
        const id = await sandbox.cloneBastion(name);
        const credentials = await sandbox.createUser(name, connectPolicyWithout(action));
        sandbox.endpoint.nodes.offlineUntilReboot.add(id);
        hurryMs = 10 * 60_000; // the instance is no longer young
        await expectRefusal(
          [name, "--reboot", "--", "true"],
          {
            status: 77,
            error: `cannot call ${action} on "${id}": AWS does not allow it`,
            hint: `ask for the permission ${action}; docs/permissions.md has the policy`,
          },
          { credentials },
        );
        hurryMs = 0; // the test's own client must not learn the hurried time
        await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      },
      JOURNEY_LIMIT_MS,
    );
  });

  describe("the key", () => {
    const home = (name: string): string => join(journey.person.home, name);

    it.each<[string, () => void, Refusal]>([
      [
        "it holds no key",
        () => {
          writeFileSync(home("my_key"), "hello", { mode: 0o600 });
        },
        { status: 65, error: /^cannot use key ".*my_key": it holds no private key$/, hint: /^name a private key, or/ },
      ],
      [
        "EC2 Instance Connect refuses its type",
        () => void spawnSync("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", home("my_key")]),
        {
          status: 65,
          error: /EC2 Instance Connect takes ed25519 and RSA, and this is ecdsa-sha2-nistp256$/,
          hint: /^name a file that does not exist yet/,
        },
      ],
      [
        "it cannot be read",
        () => {
          symlinkSync("my_key", home("my_key"));
        },
        {
          status: 66,
          error: /^cannot read key ".*my_key": ELOOP$/,
          hint: "may you read it, and each folder above it?",
        },
      ],
      [
        "only its public half is there",
        () => {
          writeFileSync(home("my_key.pub"), "ssh-ed25519 AAAA");
        },
        { status: 66, error: /the public key is there, the private key is not$/, hint: /^name another file/ },
      ],
      [
        "it cannot be made",
        () => {
          writeFileSync(home("file"), "");
        },
        { status: 66, error: /ENOTDIR$/, hint: /^may you/ },
      ],
    ])(
      "fails when %s, before a session is started",
      async (what, prepare, refusal) => {
        prepare();
        const before = sandbox.endpoint.sessions.list().length;
        await expectRefusal([NAME, what === "it cannot be made" ? "file/my_key" : "my_key", "--", "true"], refusal);
        expect(sandbox.endpoint.sessions.list()).toHaveLength(before);
      },
      JOURNEY_LIMIT_MS,
    );
  });

  describe("this computer", () => {
    it(
      "fails with 69 when the sandbox is not running",
      () =>
        expectRefusal(
          [NAME],
          {
            status: 69,
            error:
              "cannot call ec2:DescribeInstances: nothing answers at AWS_ENDPOINT_URL, an address of this computer",
            hint: "start the sandbox: npm run sandbox",
          },
          { environment: { AWS_ENDPOINT_URL: "http://127.0.0.1:9" } },
        ),
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 69 where there is no ssh, and leaves no session",
      async () => {
        const bin = join(journey.person.home, "bin");
        mkdirSync(bin);
        symlinkSync(process.execPath, join(bin, "node"));
        for (const program of ["sh", "true", "env", "dirname", "readlink"]) {
          const path = spawnSync("/bin/sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
          symlinkSync(path.startsWith("/") ? path : `/bin/${program}`, join(bin, program));
        }
        await expectRefusal(
          [NAME, "--", "true"],
          { status: 69, error: "cannot start ssh: it is not on the PATH", hint: /openssh-client/ },
          { environment: { PATH: bin } },
        );
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 73 where host keys cannot be kept, and leaves no session",
      async () => {
        const state = join(journey.person.home, "state");
        mkdirSync(join(state, "isolated-bastion", "known_hosts"), { recursive: true, mode: 0o700 });
        await expectRefusal(
          [NAME, "--", "true"],
          { status: 73, error: /^cannot read ".*known_hosts": EISDIR$/, hint: /move it away/ },
          { environment: { XDG_STATE_HOME: state } },
        );
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 73 when its private directory is someone else's to write",
      async () => {
        const link = join(journey.person.home, "isolated-bastion");
        symlinkSync("/tmp", link);
        await expectRefusal(
          [NAME],
          { status: 73, error: /^cannot use private directory .*: it is no directory$/, hint: /XDG_RUNTIME_DIR/ },
          { environment: { XDG_RUNTIME_DIR: journey.person.home } },
        );
      },
      JOURNEY_LIMIT_MS,
    );
  });

  it.each<[readonly string[], string]>([
    [[], "no bastion is named"],
    [[NAME, "--regoin=x"], 'unknown flag "--regoin"'],
    [[NAME, "key", "uname"], 'unexpected argument "uname"'],
    [[NAME, "--region", "europe"], 'cannot use Region "europe": no Region has such a name'],
    [["-x@bastion"], 'unknown flag "-x"'],
    [["a b@bastion"], `cannot use OS user "a b": a user's name has letters, digits and _ . -, at most 32`],
    [[NAME, "--", "-f", "true"], 'cannot use ssh option "-f": the session lives only as long as this command'],
  ])(
    "fails with 64 for the command line %j",
    async (words, error) => {
      await expectRefusal(words, { status: 64, error, hint: /./ });
    },
    JOURNEY_LIMIT_MS,
  );
});
