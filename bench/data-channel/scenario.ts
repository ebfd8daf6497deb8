// What is measured on a data channel: one scenario at a time, each in a new client and a new gateway process.

/** What the client does. */
export type Work =
  /** Sends `bytes` on each connection, and waits for the far side's word that it has them. */
  | "upload"
  /** Receives `bytes` on each connection. */
  | "download"
  /** Sends one byte at a time and waits for it to come back, `bytes` times. */
  | "echo"
  /** The same over a websocket with nothing in it but that byte. */
  | "bare echo";

export interface Scenario {
  readonly name: string;
  readonly work: Work;
  /** Of each connection. */
  readonly bytes: number;
  /** More than 0: a port session with so many connections; 0: a standard stream. */
  readonly connections: number;
  /** Of a message, at most. */
  readonly payloadBytes: number;
  /** How long a message travels, each way. */
  readonly delayMs: number;
  /** What the far side takes; 0 for as fast as it comes. */
  readonly sinkBytesPerSecond: number;
}

/** What the gateway knows when all is over. */
export interface GatewayReport {
  /** SHA-256 of what each connection's far side received or gave, in the order in which they were opened. */
  readonly digests: readonly string[];
}

/** What a client measured. */
export interface ClientReport {
  /** From the first byte to the far side's last word. */
  readonly durationMs: number;
  /** Of this process, user and system, in that time. */
  readonly processorMs: number;
  /** Largest resident size, as the operating system counts it. */
  readonly peakMiB: number;
  /** SHA-256 of what each connection sent (upload) or received (download). */
  readonly digests: readonly string[];
  /** Bytes that each connection had when the first of them was through. */
  readonly shares: readonly number[];
  /** Of each echo. */
  readonly roundTripsMs: readonly number[];
}

/** Where the client goes. */
export interface Destination {
  readonly ticket: { readonly sessionId: string; readonly streamUrl: string; readonly tokenValue: string };
  /** Of the bare echo. */
  readonly echoUrl: string;
}

/** Ports of the gateway's only instance. */
export const Port = { sink: 1, source: 2, echo: 3 } as const;

/** The far side's word that it has everything. */
export const ALL_RECEIVED = "!";

const MIB = 1024 * 1024;
const plain = { connections: 0, payloadBytes: 1024, delayMs: 0, sinkBytesPerSecond: 0 };

/** `scale` 1 is the bench that docs/performance.md keeps. */
export function scenarios(scale: number): readonly Scenario[] {
  const size = (mebibytes: number): number => Math.round(mebibytes * scale) * MIB;
  return [
    { ...plain, name: "upload", work: "upload", bytes: size(256) },
    { ...plain, name: "upload, 4 KiB payloads", work: "upload", bytes: size(512), payloadBytes: 4_096 },
    { ...plain, name: "download, 1 KiB payloads", work: "download", bytes: size(256) },
    { ...plain, name: "download, 16 KiB payloads", work: "download", bytes: size(512), payloadBytes: 16_384 },
    { ...plain, name: "mux upload, 1 connection", work: "upload", bytes: size(128), connections: 1 },
    { ...plain, name: "mux upload, 32 connections", work: "upload", bytes: size(128) / 32, connections: 32 },
    { ...plain, name: "mux download, 1 connection", work: "download", bytes: size(128), connections: 1 },
    { ...plain, name: "mux download, 32 connections", work: "download", bytes: size(128) / 32, connections: 32 },
    { ...plain, name: "echo", work: "echo", bytes: 2000 },
    { ...plain, name: "bare echo", work: "bare echo", bytes: 2000 },
    {
      ...plain,
      name: "upload, 100 ms round trip, 5 MB/s",
      work: "upload",
      bytes: size(64),
      delayMs: 50,
      sinkBytesPerSecond: 5_000_000,
    },
  ];
}
