// A moto server of a test's own, run as the sandbox runs it, and the SDK's clients for it.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { motoClients, type MotoClients } from "../../sandbox/moto/moto-clients.ts";
import { startMotoServer, type MotoServer } from "../../sandbox/moto/moto.ts";
import { provideVirtualEnvironment } from "../../sandbox/python/virtual-environment.ts";
import { systemClock } from "../../session-manager/clock.ts";

const project = join(import.meta.dirname, "..", "..");

export const REGION = "eu-central-1";
/** moto's only account. */
export const ACCOUNT = "123456789012";
/** Time for the first start, which installs moto. */
export const MOTO_START_LIMIT_MS = 180_000;

export interface TestMoto extends MotoClients {
  readonly server: MotoServer;
  close(): Promise<void>;
}

/** Starts an empty moto; the virtual environment is the one that the sandbox has, or will have. */
export async function startTestMoto(): Promise<TestMoto> {
  const environments = join(project, ".sandbox");
  mkdirSync(environments, { recursive: true });
  const sources = join(project, "sandbox", "moto");
  const python = await provideVirtualEnvironment({
    name: "moto",
    directory: environments,
    requirementsPath: join(sources, "requirements.txt"),
    clock: systemClock,
  });
  const directory = mkdtempSync(join(tmpdir(), "moto-"));
  const program = join(sources, "serve.py");
  const server = await startMotoServer({ python, program, directory, region: REGION, clock: systemClock });
  const clients = motoClients(server, REGION);
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(directory, { recursive: true });
  };
  return { server, ...clients, close };
}
