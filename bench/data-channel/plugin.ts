// AWS's own client beside ours, where it is installed: session-manager-plugin as `aws ssm start-session` starts it.
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { digestOfFirst, pieceAt } from "./block.ts";
import { ALL_RECEIVED } from "./scenario.ts";
import type { ClientReport, Destination, Scenario } from "./scenario.ts";

const PROGRAM = "session-manager-plugin";
const PIECE_BYTES = 64 * 1024;

/** Whether the PATH leads to it. */
export function isPluginInstalled(path: string): boolean {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, PROGRAM), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Scenarios that the plugin can be asked to do: one stream over its stdin and stdout. */
export function isForPlugin({ work, connections, delayMs, payloadBytes }: Scenario): boolean {
  const isPlugins = work === "download" || (work === "upload" && payloadBytes === 1024); // which it has no choice of
  return isPlugins && connections === 0 && delayMs === 0;
}

/** One session of the plugin's. */
export class PluginClient {
  #child: ChildProcess | undefined;

  /** Does a scenario's work. */
  async ask({ scenario, destination }: { scenario: Scenario; destination: Destination }): Promise<ClientReport> {
    const { sessionId, streamUrl, tokenValue } = destination.ticket;
    const response = { SessionId: sessionId, StreamUrl: streamUrl, TokenValue: tokenValue };
    const request = { Target: "i-0123456789abcdef0", DocumentName: "AWS-StartSSHSession" };
    const words = [JSON.stringify(response), "us-east-1", "StartSession", "", JSON.stringify(request), ""];
    const child = spawn(PROGRAM, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    const start = performance.now();
    const banner = `\nStarting session with SessionId: ${sessionId}\n`; // on stdout, before the data
    const digest = scenario.work === "upload" ? await this.#upload(scenario) : await this.#download(scenario, banner);
    const durationMs = performance.now() - start;
    const peak = peakMiB(child.pid ?? 0);
    return { durationMs, processorMs: Number.NaN, peakMiB: peak, digests: [digest], shares: [], roundTripsMs: [] };
  }

  async stop(): Promise<void> {
    if (this.#child === undefined) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #upload({ bytes }: Scenario): Promise<string> {
    const child = this.#child;
    if (child?.stdin == null || child.stdout === null) throw new TypeError("the plugin has no pipes");
    const allReceived = untilSaid(child.stdout, ALL_RECEIVED);
    for (let offset = 0; offset < bytes; offset += PIECE_BYTES) {
      if (!child.stdin.write(pieceAt(offset, Math.min(PIECE_BYTES, bytes - offset)))) await once(child.stdin, "drain");
    }
    await allReceived;
    return digestOfFirst(bytes);
  }

  async #download({ bytes }: Scenario, banner: string): Promise<string> {
    const digest = createHash("sha256");
    let received = -banner.length;
    for await (const chunk of (this.#child?.stdout ?? []) as AsyncIterable<Buffer>) {
      digest.update(chunk.subarray(Math.max(0, -received)));
      received += chunk.length;
      if (received >= bytes) break;
    }
    return digest.digest("hex");
  }
}

/** Resolves when a word comes that the banner does not have. */
function untilSaid(from: Readable, word: string): Promise<void> {
  return new Promise((resolve) => {
    from.on("data", (bytes: Buffer) => {
      if (bytes.includes(word)) resolve();
    });
  });
}

function peakMiB(processId: number): number {
  try {
    const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, "utf8")) ?? [];
    return Number(kibibytes) / 1024;
  } catch {
    return Number.NaN; // only Linux says it of another process
  }
}
