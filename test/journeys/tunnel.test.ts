// Tunnels, as people open them: the real command, ssh and psql.
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { letIn, letOut, type TestDatabase } from "../harness/database-network.ts";
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
  orders = await journey.createDatabase("orders", "10.10.0.192/28");
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

afterEach(async () => {
  expect(await journey.person.leftovers()).toEqual([]);
  expect(journey.openSessions()).toEqual([]);
});

describe("tunnel --to", () => {
  it(
    "opens a port that leads to the bastion's own, and ends with Ctrl-C",
    async () => {
      const tunnel = await journey.open(["--bastion", bastion, "--to", `localhost:${echoPort}`, "--local-port", "0"]);
      expect(await ask(tunnel.ports[0] ?? 0, "hello")).toBe("hello");
      expect((await tunnel.end()).status).toBe(130);
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
    },
    TUNNEL_LIMIT_MS,
  );
});

describe("tunnel --rds", () => {
  it(
    "runs a command with everything that psql needs in its environment, and ends with its status",
    async () => {
      const words = ["--rds", "--local-port", "0", "--db-user", "demo_admin"];
      const outcome = await journey.run([...words, "--exec", 'psql -X -A -t -c "select 6 * 7" && exit 3']);
      expect(outcome).toMatchObject({ status: 3, stdout: "42\n" });
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
    },
    TUNNEL_LIMIT_MS,
  );
});
