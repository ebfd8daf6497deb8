// A tunnel whose session ends: by an administrator, while its computer sleeps, by a reboot, by age, by kill -9.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { RebootInstancesCommand } from "@aws-sdk/client-ec2";
import { TerminateSessionCommand } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { connectPolicyWithout } from "./connect-journey.ts";
import { ask, TUNNEL_LIMIT_MS, TunnelJourney } from "./tunnel-journey.ts";

const TEN_MINUTES_MS = 10 * 60_000;

/** Loaded before the command: what it means to do in half an hour or later, it does at this signal. */
const IMPATIENCE = `
const late = new Set();
const { setTimeout: schedule } = globalThis;
globalThis.setTimeout = (action, delayMs, ...rest) => {
  if (delayMs >= 30 * 60_000) late.add(action);
  return schedule(action, delayMs, ...rest);
};
process.on("SIGUSR2", () => {
  const due = [...late];
  late.clear();
  for (const action of due) action();
});
`;

let sandbox: TestSandbox;
let journey: TunnelJourney;
let echo: Server;
let words: string[];
/** Added to the sandbox's time, in ms. */
let hurryMs = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + hurryMs } });
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

afterEach(() => {
  hurryMs = 0; // the test's own clients must not learn the hurried time
});

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

  it.each(["ssh", "port"])(
    "by --via %s has a new session before the old one is an hour old, and loses no connection by it",
    async (via) => {
      const preload = join(journey.person.home, "impatience.mjs");
      writeFileSync(preload, IMPATIENCE);
      const environment = { NODE_OPTIONS: `--import=${preload}` };
      const tunnel = await journey.open([...words, "--via", via], 1, { environment });
      const [port = 0] = tunnel.ports;
      const old = connect({ port, host: "127.0.0.1" }).setEncoding("utf8");
      const answer = async (text: string): Promise<unknown> => {
        old.write(text);
        return (await once(old, "data"))[0];
      };
      expect(await answer("before")).toBe("before");
      const [oldSession = ""] = journey.openSessions();
      tunnel.child.kill("SIGUSR2");
      await tunnel.stderrMatches(/a new session serves new connections; those that are open stay on the old one/);
      expect(await ask(port, "on the new one")).toBe("on the new one");
      expect(journey.openSessions()).toHaveLength(2);
      expect(await answer("on the old one")).toBe("on the old one");
      old.destroy();
      while (journey.openSessions().includes(oldSession)) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await ask(port, "after")).toBe("after");
      expect(journey.openSessions()).toHaveLength(1);
      expect((await tunnel.end()).stderr).not.toContain("has ended");
      await journey.expectNothingLeft();
    },
    TUNNEL_LIMIT_MS,
  );

  it(
    "with --reboot throws others out only with --force, and theirs goes on afterwards",
    async () => {
      const name = "journey-tunnel-in-use";
      const instanceId = await sandbox.cloneBastion(name);
      const credentials = await sandbox.createUser("tunnel-neighbour", connectPolicyWithout());
      hurryMs = TEN_MINUTES_MS; // a younger instance would be waited for
      const mine = [...words, "--bastion", name, "--reboot"];
      const other = await journey.open([...words, "--bastion", name], 1, { credentials });
      sandbox.endpoint.nodes.offlineUntilReboot.add(instanceId);
      const refused = await journey.run(mine);
      expect(refused).toMatchObject({ status: 69, stdout: "" });
      expect(refused.stderr).toContain("is not connected, and another session is active on it");
      expect(refused.stderr).toContain("hint:   arn:aws:iam::123456789012:user/tunnel-neighbour  since ");
      expect(sandbox.endpoint.nodes.offlineUntilReboot.has(instanceId)).toBe(true);
      const tunnel = await journey.open([...mine, "--force"]);
      expect(await ask(tunnel.ports[0] ?? 0, "mine")).toBe("mine");
      await other.stderrMatches(/the tunnel's session has ended/);
      expect(await ask(other.ports[0] ?? 0, "theirs")).toBe("theirs");
      expect((await tunnel.end()).stderr).toContain(`tunnel: rebooted "${name}" (${instanceId}); waiting`);
      await other.end();
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
