// A filesystem of a few megabytes, that really is full when it is.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** mount(8) asks for root, or for sudo without a password. */
function asRoot(words: readonly string[]): boolean {
  const [program = "", ...rest] = process.getuid?.() === 0 ? words : ["sudo", "-n", ...words];
  return spawnSync(program, rest, { stdio: "ignore" }).status === 0;
}

/** Mounted at a directory, until it is taken away. */
export class SmallDisk {
  readonly directory: string;

  constructor(directory: string, mebibytes: number) {
    mkdirSync(directory, { recursive: true });
    const owner = `uid=${process.getuid?.() ?? 0},mode=0755`;
    if (!asRoot(["mount", "-t", "tmpfs", "-o", `size=${mebibytes}m,${owner}`, "tmpfs", directory])) {
      throw new Error("a small filesystem cannot be mounted here");
    }
    this.directory = directory;
  }

  takeAway(): void {
    asRoot(["umount", "--lazy", this.directory]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Whether there can be one on this computer. */
export function canMountSmallDisk(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "disk-"));
  try {
    new SmallDisk(directory, 1).takeAway();
    return true;
  } catch {
    rmSync(directory, { recursive: true, force: true });
    return false;
  }
}
