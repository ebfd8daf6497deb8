// Tunnels, as people open them: the real command, ssh and psql.
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { letIn, letOut, type TestDatabase } from "../harness/database-network.ts";
import type { RunningCommand } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { ask, TUNNEL_LIMIT_MS, TunnelJourney } from "./tunnel-journey.ts";

let sandbox: TestSandbox;
let journey: TunnelJourney;
let bastion: string;
let orders: TestDatabase;
let echo: Server;
let echoPort: number;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  journey = new TunnelJourney(sandbox);
  const { name, bastionGroupId } = await journey.network();
  bastion = name;
  orders = await journey.createDatabase("orders");
  await letOut(sandbox.ec2, bastionGroupId, orders);
  await letIn(sandbox.ec2, bastionGroupId, orders);
  await sandbox.endpoint.databases.start("orders");
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  echoPort = (echo.address() as AddressInfo).port;
}, OPEN_LIMIT_MS + TUNNEL_LIMIT_MS);

afterAll(async () => {
  echo.close();
  journey.leave();
  await sandbox.close();
}, TUNNEL_LIMIT_MS);

describe("tunnel --to", () => {
  it(
    "opens a port that leads to the bastion's own, and ends with Ctrl-C",
    async () => {
      const tunnel = await journey.open(["--bastion", bastion, "--to", `localhost:${echoPort}`, "--local-port", "0"]);
      expect(await ask(tunnel.ports[0] ?? 0, "hello")).toBe("hello");
      expect((await tunnel.end()).status).toBe(130);
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "makes the key pair that is named, uses it again, and never authorizes another one",
    async () => {
      const words = ["--to", `localhost:${echoPort}`, "--local-port", "0", "-i", "my_key"];
      const first = await journey.open(words);
      expect(await ask(first.ports[0] ?? 0, "hello")).toBe("hello");
      expect((await first.end()).stderr).toContain('tunnel: made key pair "my_key", "my_key.pub"\n');
      const publicKey = readFileSync(join(journey.person.home, "my_key.pub"), "utf8");
      const second = await journey.open(words);
      expect(await ask(second.ports[0] ?? 0, "again")).toBe("again");
      expect((await second.end()).stderr).not.toContain("made key pair");
      expect(readFileSync(join(journey.person.home, "my_key.pub"), "utf8")).toBe(publicKey);
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "warns of an address that others reach too, and of no other",
    async () => {
      const words = ["--to", `localhost:${echoPort}`, "--local-port", "0", "--exec", "true"];
      const [open, own] = await Promise.all([
        journey.run([...words, "--bind", "0.0.0.0"]),
        journey.run([...words, "--bind", "127.0.0.2"]),
      ]);
      expect(open.stderr).toContain("warning: --bind 0.0.0.0 lets every computer that reaches this one use the tunnel");
      expect(own.stderr).not.toContain("warning:");
      expect([open.status, own.status]).toEqual([0, 0]);
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "takes the bastion that the settings name, and carries several targets on one session",
    async () => {
      const target = `localhost:${echoPort}`;
      const tunnel = await journey.open(["--to", target, "--to", target, "--local-port", "0", "--local-port", "0"], 2);
      expect(await Promise.all(tunnel.ports.map((port) => ask(port, `port ${port}`)))).toEqual(
        tunnel.ports.map((port) => `port ${port}`),
      );
      expect(journey.openSessions()).toHaveLength(1);
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});

describe("tunnel --json", () => {
  it(
    "tells what is ready in one line, while it is open, and nothing else on stdout",
    async () => {
      const anyPorts = ["--local-port", "0", "--local-port", "0"];
      const words = ["--rds", "orders", "--to", `localhost:${echoPort}`, ...anyPorts, "--socks", "0", "--json"];
      const tunnel = journey.start(words);
      const line = await firstLine(tunnel);
      const told = JSON.parse(line) as { readonly forwards: readonly { readonly localPort: number }[] };
      const [databasePort = 0, echoedPort = 0, socksPort = 0] = told.forwards.map(({ localPort }) => localPort);
      const local = { localAddress: "127.0.0.1", localPort: expect.any(Number) };
      expect(told).toEqual({
        name: `orders,localhost:${echoPort},SOCKS`,
        pid: tunnel.child.pid,
        bastion,
        instanceId: sandbox.shared.deployment?.instanceIds[0],
        via: "ssh",
        forwards: [
          {
            ...local,
            target: "orders",
            host: orders.address,
            port: 5432,
            engine: "postgres",
            connect: [
              expect.stringContaining(`psql "host=${orders.address} hostaddr=127.0.0.1 port=${databasePort} `),
              expect.stringContaining(`jdbc:postgresql://127.0.0.1:${databasePort}/shop`),
            ],
          },
          { ...local, target: `localhost:${echoPort}`, host: "localhost", port: echoPort },
          { ...local, target: "SOCKS" },
        ],
      });
      expect(await ask(echoedPort, "hello")).toBe("hello");
      expect(socksPort).toBeGreaterThan(0);
      tunnel.child.kill("SIGINT");
      expect(await tunnel.outcome).toMatchObject({ status: 130, stdout: `${line}\n` });
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  /** @throws Error with what the command has said, if it ends first */
  function firstLine({ child, outcome }: RunningCommand): Promise<string> {
    const line = new Promise<string>((resolve) => {
      if (child.stdout !== null) createInterface({ input: child.stdout }).once("line", resolve);
    });
    const failed = outcome.then(({ stderr }): never => {
      throw new Error(`the tunnel ended before it was ready; it said:\n${stderr}`);
    });
    return Promise.race([line, failed]);
  }
});

describe("tunnel --rds", () => {
  it(
    "runs a command with everything that psql needs in its environment, and ends with its status",
    async () => {
      const words = ["--rds", "orders", "--local-port", "0", "--db-user", "demo_admin"];
      const outcome = await journey.run([...words, "--exec", 'psql -X -A -t -c "select 6 * 7" && exit 3']);
      expect(outcome).toMatchObject({ status: 3, stdout: "42\n" });
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "hands the token over where no other user of the computer reads it: in no argument of any process",
    async () => {
      const words = ["--rds", "orders", "--local-port", "0", "--db-user", "demo_admin"];
      const outcome = await journey.run([...words, "--exec", "printenv PGPASSWORD; ps axww -o command="]);
      const [token = "", ...processes] = outcome.stdout.split("\n");
      expect(token).toContain(`${orders.address}:5432/?Action=connect`);
      expect(processes.some((line) => line.includes("tunnel.ts"))).toBe(true);
      const signature = /X-Amz-Signature=([0-9a-f]+)/.exec(token)?.[1] ?? "none";
      expect(processes.filter((line) => line.includes(signature))).toEqual([]);
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "prints a line for psql that verifies the true endpoint's certificate, with the token in a file",
    async () => {
      const tunnel = await journey.open(["--rds", "orders", "--local-port", "0", "--db-user", "demo_admin"]);
      const line = /^PGPASSFILE=(\S+) psql "(.+)"$/m.exec(tunnel.said());
      expect(line?.[2]).toContain(`host=${orders.address} hostaddr=127.0.0.1 port=${tunnel.ports[0]}`);
      const outcome = await journey.psql(line?.[2] ?? "", "select current_user", { PGPASSFILE: line?.[1] ?? "" });
      expect(outcome).toMatchObject({ status: 0, stdout: "demo_admin\n" });
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});

describe("tunnel --via port", () => {
  it(
    "reaches the database and the bastion's own port without ssh and without a key",
    async () => {
      const reader = await sandbox.createUser("tunnel-via-port", [
        {
          Effect: "Allow",
          Action: ["ec2:Describe*", "rds:Describe*", "ssm:StartSession", "ssm:TerminateSession", "ssmmessages:*"],
          Resource: "*",
        },
      ]);
      const words = [
        "--via",
        "port",
        "--rds",
        "orders",
        "--to",
        `localhost:${echoPort}`,
        "--local-port",
        "0",
        "--local-port",
        "0",
      ];
      const tunnel = await journey.open(words, 2, { credentials: reader });
      expect(await ask(tunnel.ports[1] ?? 0, "hello")).toBe("hello");
      const connection = `host=${orders.address} hostaddr=127.0.0.1 port=${tunnel.ports[0]} user=nobody dbname=shop`;
      const refused = await journey.psql(`${connection} sslmode=verify-full`, "select 1");
      expect(refused.stderr).toMatch(/no password supplied/); // it has come as far as the real PostgreSQL
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "is what the error names when the key may not be authorized",
    async () => {
      const keyless = await sandbox.createUser("tunnel-keyless", [
        {
          Effect: "Allow",
          Action: ["ec2:Describe*", "ssm:StartSession", "ssm:TerminateSession", "ssmmessages:*"],
          Resource: "*",
        },
      ]);
      const words = ["--to", `localhost:${echoPort}`, "--local-port", "0"];
      const outcome = await journey.run(words, { credentials: keyless });
      expect(outcome.status).toBe(77);
      expect(outcome.stderr).toContain("tunnel: hint: --via port needs no key\n");
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});

describe("tunnel --socks", () => {
  it(
    "is a SOCKS proxy through the bastion, for a real client",
    async () => {
      const tunnel = await journey.open(["--socks", "0"]);
      const page = createHttpServer((_request, response) => response.end("behind the bastion"));
      await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
      const { port } = page.address() as AddressInfo;
      const proxy = `socks5h://127.0.0.1:${tunnel.ports[0]}`;
      const curl = await journey.person.run("curl", ["-sS", "--noproxy", "", "-x", proxy, `http://localhost:${port}/`]);
      page.close();
      expect(curl).toMatchObject({ status: 0, stdout: "behind the bastion" });
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});

describe("tunnel --background", () => {
  it(
    "returns when it is ready, is listed, and is ended by its name with all that belongs to it",
    async () => {
      const words = ["--to", `localhost:${echoPort}`, "--local-port", "0", "--background"];
      const started = await journey.run(words);
      expect(started.status).toBe(0);
      const port = Number(/^ready 127\.0\.0\.1:(\d+) /m.exec(started.stdout)?.[1]);
      expect(await ask(port, "still there")).toBe("still there");
      const [listed] = JSON.parse((await journey.run(["--list", "--json"])).stdout) as { name: string }[];
      expect(listed).toMatchObject({
        name: `localhost:${echoPort}`,
        bastion,
        via: "ssh",
        forwards: [{ localPort: port }],
      });
      expect(await journey.run(["--stop", listed?.name ?? ""])).toMatchObject({ status: 0 });
      await journey.expectNothingLeft();
      expect(JSON.parse((await journey.run(["--list", "--json"])).stdout)).toEqual([]);
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "ends with the status of what it could not open, and leaves nothing",
    async () => {
      const outcome = await journey.run([
        "--bastion",
        "nobody",
        "--to",
        "localhost:1",
        "--local-port",
        "0",
        "--background",
      ]);
      expect(outcome).toMatchObject({ status: 66, stdout: "" });
      expect(outcome.stderr).toContain("cannot find bastion");
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});
