// How fast 64 MiB travel through ssh on a session, each way, and how much memory the client takes for it.
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate, median, runProgram, type Run } from "./measure.ts";
import type { SandboxProcess } from "./sandbox-process.ts";

const TRANSFER_BYTES = 64 * 1024 * 1024;

export interface TransferFigures {
  /** Megabytes (10^6 bytes) a second, login included. */
  readonly uploadMBs: number;
  readonly downloadMBs: number;
  readonly peakMiB: number;
}

/** Medians of alternating runs; random bytes, so that nothing can be compressed. */
export async function benchTransfer(
  { root, bastion, osUser }: { root: string; bastion: string; osUser: string },
  { environment }: SandboxProcess,
  rounds: number,
): Promise<TransferFigures> {
  const directory = mkdtempSync(join(tmpdir(), "bench-transfer-"));
  const file = join(directory, "random");
  writeFileSync(file, randomFillSync(Buffer.alloc(TRANSFER_BYTES)));
  const connect = (remote: string, stdin?: number): Promise<Run> =>
    runProgram([join(root, "scripts", "connect.ts"), `${osUser}@${bastion}`, "--", remote], {
      env: environment,
      ...(stdin === undefined ? {} : { stdin }),
    });
  const upload = async (): Promise<Run> => {
    const stdin = openSync(file, "r");
    try {
      return await connect("cat > /dev/null", stdin);
    } finally {
      closeSync(stdin);
    }
  };
  try {
    const runs = await alternate({ upload, download: () => connect(`cat '${file}'`) }, rounds);
    const rate = (of: readonly Run[] | undefined): number =>
      TRANSFER_BYTES / 1_000 / median((of ?? []).map(({ durationMs }) => durationMs));
    const peaks = Object.values(runs).flatMap((of) => of.map(({ peakMiB }) => peakMiB));
    return { uploadMBs: rate(runs["upload"]), downloadMBs: rate(runs["download"]), peakMiB: Math.max(...peaks) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
