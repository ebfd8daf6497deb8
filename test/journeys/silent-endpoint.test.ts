// Each command before an endpoint that takes every connection and never answers, or stops in the middle of its answer.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Person, type CommandOutcome, type RunningCommand } from "../harness/run-command.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";

const NAME = "journey-silent";
const scripts = join(import.meta.dirname, "..", "..", "scripts");
const HALF_AN_ANSWER =
  "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 1000\r\n\r\n<DescribeInstancesResponse>";

/** A role, whose credentials are a call of their own. */
const CONFIGURATION = `
[profile role]
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = keys
region = eu-west-1
[profile keys]
aws_access_key_id = AKIA0
aws_secret_access_key = secret
`;

const finding = "cannot call ec2:DescribeInstances: AWS cannot be reached (no answer in time)";
const commands = [
  { program: "connect", words: [NAME, "--", "true"], error: finding },
  { program: "proxy", words: [NAME], error: finding },
  { program: "sftp", words: [NAME], error: finding },
  { program: "copy", words: [`${NAME}:/etc/hosts`, "copied"], error: finding },
  { program: "shell", words: [NAME, "--", "true"], error: finding },
  { program: "tunnel", words: ["--bastion", NAME, "--to", "localhost:22", "--local-port", "0"], error: finding },
  {
    program: "audit",
    words: [],
    // CloudTrail's lookups, which throttle each other, are made eight times.
    error: "cannot call ssm:DescribeSessions: AWS cannot be reached (no answer in time)",
  },
  {
    program: "doctor",
    words: [NAME],
    error: "BROKEN  credentials: cannot call sts:GetCallerIdentity: AWS cannot be reached (no answer in time)",
  },
  {
    program: "connect",
    words: [NAME, "--profile", "role"],
    error: 'cannot get the credentials of profile "role": AWS cannot be reached (no answer in time)',
  },
] as const;

/** What is written to whoever has asked. */
const ANSWERS = { none: "", half: HALF_AN_ANSWER } as const;

describe("an endpoint that says nothing, or stops in the middle of its answer", () => {
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  let person: Person;
  beforeAll(() => {
    person = new Person();
    writeFileSync(join(person.home, "config"), CONFIGURATION);
  });
  afterAll(async () => {
    const closed = servers.map((server) => once(server.close(), "close"));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    person.leave();
  });

  /** @returns its URL */
  async function listen(answer: string, onAsked: () => void = () => undefined): Promise<string> {
    const server = createServer((socket) => {
      sockets.push(socket.on("error", () => undefined));
      socket.once("data", () => {
        socket.write(answer);
        onAsked();
      });
    });
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function start(program: string, words: readonly string[], url: string): RunningCommand {
    const keys = { AWS_ACCESS_KEY_ID: "AKIA0", AWS_SECRET_ACCESS_KEY: "secret" };
    const environment = {
      ...(words.includes("--profile") ? { AWS_CONFIG_FILE: join(person.home, "config") } : keys),
      AWS_ENDPOINT_URL: url,
      AWS_REGION: "eu-west-1",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_MAX_ATTEMPTS: "1", // a person has three, and waits three times as long
    };
    return person.start(join(scripts, `${program}.ts`), words, { environment, input: "" });
  }

  it.each([
    ["audit", []],
    ["doctor", [NAME]],
  ])(
    "keeps nobody who ends %s meanwhile",
    async (program, words) => {
      const running = start(program, words, await listen(ANSWERS.none, () => running.child.kill("SIGTERM")));
      await expect(running.outcome).resolves.toMatchObject({
        status: 143,
        stderr: expect.stringMatching(new RegExp(`^${program}: ended by SIGTERM$`, "m")),
      });
    },
    JOURNEY_LIMIT_MS,
  );

  // Beside each other: they only wait.
  it(
    "is told of by every command, with the call that is not answered",
    async () => {
      const urls = [await listen(ANSWERS.none), await listen(ANSWERS.half)];
      const runs = urls.flatMap((url) => commands.map((command) => ({ ...command, url })));
      const outcomes = await Promise.all(runs.map(({ program, words, url }) => start(program, words, url).outcome));
      expect(outcomes.map((outcome) => [outcome.status, firstError(outcome)])).toEqual(
        runs.map(({ program, error }) => [69, program === "doctor" ? error : `${program}: error: ${error}`]),
      );
      expect(await person.leftovers()).toEqual([]);
    },
    JOURNEY_LIMIT_MS,
  );
});

/** Doctor's findings are its answer, and so on stdout. */
function firstError({ stdout, stderr }: CommandOutcome): string | undefined {
  const lines = `${stdout}${stderr}`.split("\n");
  return lines.find((line) => line.includes(": error: ") || line.startsWith("BROKEN"));
}
