// Tunnels for as long as one likes (`npm run soak`: ten minutes), their socket cut every 20 s.
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { letIn, letOut, type TestDatabase } from "../harness/database-network.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { ask, TUNNEL_LIMIT_MS, TunnelJourney, type UpTunnel } from "./tunnel-journey.ts";

const SOAK_SECONDS = Number(process.env["SOAK_SECONDS"] ?? 60);
const TUNNELS = 20;
/** As many start at once as a small computer bears. */
const STARTING_AT_ONCE = 4;
const CUT_EVERY_MS = 20_000;
const ASK_EVERY_MS = 1_000;
const INSERT_EVERY_MS = 100;
const WHOLE_LIMIT_MS = SOAK_SECONDS * 1_000 + 8 * TUNNEL_LIMIT_MS;

/** Stands before the sandbox's data channels, and cuts them as a lost network does. */
class CuttingRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  target = 0;

  constructor() {
    this.#server = createServer((client) => {
      const upstream = connect(this.target, "127.0.0.1");
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.once("close", () => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections it has cut. */
  cut(): number {
    const count = this.#sockets.size / 2;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    return count;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

const relay = new CuttingRelay();
let sandbox: TestSandbox;
let journey: TunnelJourney;
let orders: TestDatabase;
let echo: Server;

beforeAll(async () => {
  sandbox = await openTestSandbox({ streamOrigin: `ws://127.0.0.1:${await relay.listen()}` });
  relay.target = Number(new URL(sandbox.endpoint.url).port);
  journey = new TunnelJourney(sandbox);
  orders = await journey.createDatabase("soaked");
  const { bastionGroupId } = await journey.network();
  await letOut(sandbox.ec2, bastionGroupId, orders);
  await letIn(sandbox.ec2, bastionGroupId, orders);
  await sandbox.endpoint.databases.start(
    "soaked",
    "create table soaked (n int);\n\ngrant all on soaked to demo_admin;",
  );
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
}, OPEN_LIMIT_MS + TUNNEL_LIMIT_MS);

afterAll(async () => {
  echo.close();
  relay.close();
  journey.leave();
  await sandbox.close();
}, TUNNEL_LIMIT_MS);

async function openTunnels(): Promise<UpTunnel[]> {
  const { port } = echo.address() as AddressInfo;
  const tunnels: UpTunnel[] = [];
  const openNext = async (): Promise<void> => {
    while (tunnels.length < TUNNELS) {
      const place = tunnels.push(undefined as unknown as UpTunnel) - 1;
      const words = ["--to", `localhost:${port}`, "--local-port", "0"];
      tunnels[place] = await journey.open(words, 1, { timeLimitMs: WHOLE_LIMIT_MS });
    }
  };
  await Promise.all(Array.from({ length: STARTING_AT_ONCE }, openNext));
  return tunnels;
}

/** One psql for the whole time: inserts numbers, and reports each as it has arrived. */
async function insertUntil(isOver: () => boolean): Promise<{ readonly sent: number; readonly arrived: number[] }> {
  const words = ["--rds", "soaked", "--local-port", "0", "--db-user", "demo_admin"];
  const psql = "psql -X -A -t -q -d postgres";
  const tunnel = journey.start([...words, "--exec", psql], { timeLimitMs: WHOLE_LIMIT_MS });
  const arrived: number[] = [];
  if (tunnel.child.stdout !== null)
    createInterface({ input: tunnel.child.stdout }).on("line", (line) => arrived.push(Number(line)));
  let sent = 0;
  while (!isOver()) {
    sent += 1;
    tunnel.child.stdin?.write(`insert into soaked values (${sent}) returning n;\n`);
    await pause(INSERT_EVERY_MS);
  }
  tunnel.child.stdin?.end("select count(*) from soaked;\n");
  expect(await tunnel.outcome).toMatchObject({ status: 0 });
  return { sent, arrived };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

it(
  `keeps ${TUNNELS} tunnels and a psql session through a cut every ${CUT_EVERY_MS / 1_000} s, for ${SOAK_SECONDS} s`,
  async () => {
    const tunnels = await openTunnels();
    const endMs = performance.now() + SOAK_SECONDS * 1_000;
    const isOver = (): boolean => performance.now() >= endMs;
    const inserting = insertUntil(isOver);
    let cuts = 0;
    let asked = 0;
    const cutting = (async () => {
      while (!isOver()) {
        await pause(CUT_EVERY_MS);
        cuts += relay.cut();
      }
    })();
    const failed: string[] = [];
    const asking = tunnels.map(async ({ ports: [port = 0] }, index) => {
      while (!isOver()) {
        const question = `tunnel ${index}, question ${asked++}`;
        const answer = await ask(port, question).catch(String);
        if (answer !== question) failed.push(`${question}: ${answer}`);
        await pause(ASK_EVERY_MS);
      }
    });
    await Promise.all([cutting, ...asking]);
    const { sent, arrived } = await inserting;
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(TUNNELS);
    expect(cuts).toBeGreaterThanOrEqual(TUNNELS);
    expect(arrived).toEqual([...Array.from({ length: sent }, (_, index) => index + 1), sent]);
    await Promise.all(tunnels.map((tunnel) => tunnel.end()));
    await journey.expectNothingLeft();
  },
  WHOLE_LIMIT_MS,
);
