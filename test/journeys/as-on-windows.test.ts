// Commands that take this computer for Windows, with the real ssh and the real sandbox.
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { AsOnWindows } from "../harness/as-on-windows.ts";
import { Person, type CommandOptions, type CommandOutcome, type RunningCommand } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";
import { ask } from "./tunnel-journey.ts";

const scripts = join(import.meta.dirname, "..", "..", "scripts");
const USER = "*S-1-5-21-7-8-9-1001";

describe("as on Windows", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let windows: AsOnWindows;
  let bastion = "";
  let echo: Server;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    bastion = sandbox.shared.deployment?.instanceName ?? "";
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    // The bundles are made on this system, with its esbuild; a shim would find them made or make them on its own.
    const person = new Person();
    await Promise.all(["connect", "tunnel", "copy"].map((name) => person.run(script(name), ["--version"])));
    person.leave();
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    echo.close();
    await sandbox.close();
  });
  beforeEach(() => {
    journey = new Journey(sandbox);
    windows = new AsOnWindows(join(journey.person.home, "C"));
  });
  afterEach(() => {
    journey.leave();
  });

  const script = (name: string): string => join(scripts, `${name}.ts`);

  function start(name: string, words: readonly string[], options: CommandOptions = {}): RunningCommand {
    return journey.person.start(process.execPath, [...windows.words(script(name)), ...words], {
      ...options,
      workingDirectory: windows.directory,
      environment: { ...journey.environment(), PATH: windows.path, TEMP: journey.person.temporaryDirectory },
    });
  }

  function run(name: string, words: readonly string[], input = ""): Promise<CommandOutcome> {
    return start(name, words, { input }).outcome;
  }

  it(
    "connect logs in through a named pipe, with key and directories closed by access lists, and leaves nothing",
    async () => {
      const outcome = await run("connect", [bastion, "my_key", "--", "cat; exit 7"], "hello");
      expect(outcome).toMatchObject({ status: 7, stdout: "hello" });
      const { home, temporaryDirectory } = journey.person;
      expect(windows.closed().sort()).toEqual([
        `${home}/.local/state/isolated-bastion /inheritance:r /grant:r ${USER}:(OI)(CI)F`,
        `${windows.directory}/my_key /inheritance:r /grant:r ${USER}:F`,
        `${temporaryDirectory}/isolated-bastion-user /inheritance:r /grant:r ${USER}:(OI)(CI)F`,
      ]);
      expect(windows.pipes()).toEqual([]);
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "tunnel has ssh listen on ports, since its ssh knows no sockets",
    async () => {
      const { port } = echo.address() as AddressInfo;
      const tunnel = start("tunnel", ["--to", `localhost:${port}`, "--local-port", "0"]);
      const ready = new Promise<string>((resolve) => tunnel.child.stdout?.once("data", resolve));
      const said = await Promise.race([ready, tunnel.outcome.then(({ stderr }) => stderr)]);
      expect(said).toMatch(/^ready 127\.0\.0\.1:\d+ /);
      expect(await ask(Number(/:(\d+)/.exec(said)?.[1]), "hello")).toBe("hello");
      tunnel.child.kill("SIGINT");
      expect((await tunnel.outcome).status).toBe(130);
      expect(windows.pipes()).toEqual([]);
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it("copy says why it cannot, and what can", async () => {
    const { status, stderr } = await run("copy", [`${bastion}:/etc/os-release`, "."]);
    expect(status).toBe(69);
    expect(stderr).toMatch(/^copy: error: cannot copy on Windows: .*\ncopy: hint: .*sftp/);
  });
});
