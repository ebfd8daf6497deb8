// A tunnel whose session ends: by an administrator, while its computer sleeps, by a reboot, by kill -9.
import { createServer, type AddressInfo, type Server } from "node:net";
import { RebootInstancesCommand } from "@aws-sdk/client-ec2";
import { TerminateSessionCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { ask, TUNNEL_LIMIT_MS, TunnelJourney } from "./tunnel-journey.ts";

let sandbox: TestSandbox;
let journey: TunnelJourney;
let echo: Server;
let words: string[];

beforeAll(async () => {
  sandbox = await openTestSandbox();
  journey = new TunnelJourney(sandbox);
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  words = ["--to", `localhost:${(echo.address() as AddressInfo).port}`, "--local-port", "0"];
}, OPEN_LIMIT_MS);

afterAll(async () => {
  echo.close();
  journey.leave();
  await sandbox.close();
}, TUNNEL_LIMIT_MS);

describe("a tunnel", () => {
  it.each(["ssh", "port"])(
    "by --via %s goes on at the same port when an administrator ends its session, and says so",
    async (via) => {
      const tunnel = await journey.open([...words, "--via", via]);
      const [port = 0] = tunnel.ports;
      expect(await ask(port, "before")).toBe("before");
      const [SessionId = ""] = journey.openSessions();
      await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
      await tunnel.stderrMatches(/warning: the tunnel's session has ended: .*; opening a new one/);
      expect(await ask(port, "after")).toBe("after");
      expect(journey.openSessions()).toHaveLength(1);
      expect(journey.openSessions()).not.toContain(SessionId);
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it.each(["ssh", "port"])(
    "by --via %s goes on when its computer wakes, and its session is long over",
    async (via) => {
      const tunnel = await journey.open([...words, "--via", via]);
      const [port = 0] = tunnel.ports;
      expect(await ask(port, "before")).toBe("before");
      tunnel.child.kill("SIGSTOP"); // asleep: no timer, no packet, no answer
      const [SessionId = ""] = journey.openSessions();
      await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
      const asked = ask(port, "asked while it slept");
      await new Promise((resolve) => setTimeout(resolve, 500));
      tunnel.child.kill("SIGCONT");
      await tunnel.stderrMatches(/warning: the tunnel's session has ended: .*; opening a new one/);
      expect(await ask(port, "after")).toBe("after");
      // What was under way may be lost with its session, but nobody waits for it without end.
      await expect(asked.then(String, () => "")).resolves.toMatch(/^(asked while it slept)?$/);
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "goes on when the bastion is rebooted, as soon as its SSM Agent is back",
    async () => {
      const tunnel = await journey.open(words);
      const [InstanceId = ""] = sandbox.shared.deployment?.instanceIds ?? [];
      await sandbox.ec2.send(new RebootInstancesCommand({ InstanceIds: [InstanceId] }));
      await tunnel.stderrMatches(/the tunnel's session has ended/);
      expect(await ask(tunnel.ports[0] ?? 0, "after")).toBe("after");
      await tunnel.end();
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "that is killed leaves no ssh, and the next command ends its session",
    async () => {
      const tunnel = await journey.open(words);
      const [killed] = journey.openSessions();
      tunnel.child.kill("SIGKILL");
      await tunnel.outcome;
      const next = await journey.open(words);
      await next.end();
      expect(journey.openSessions()).not.toContain(killed);
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );
});
