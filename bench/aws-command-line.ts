// The AWS CLI that the bench compares with: pinned, in a virtual environment of its own.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { provideVirtualEnvironment } from "../sandbox/python/virtual-environment.ts";
import { systemClock } from "../session-manager/clock.ts";

/** Path of a Python whose `-m awscli` is the AWS CLI; installed once. */
export async function provideAwsCommandLine(root: string): Promise<string> {
  const directory = join(root, "node_modules", ".cache", "isolated-bastion");
  mkdirSync(directory, { recursive: true });
  return provideVirtualEnvironment({
    name: "awscli",
    directory,
    requirementsPath: join(root, "bench", "requirements.txt"),
    clock: systemClock,
  });
}
