// `npm run bench`: the numbers that docs/performance.md keeps.
//
// npm run bench -- [connect] [data-channel] [copy] [synth] [--rounds COUNT] [--scale FRACTION] [--only SCENARIO]
// `connect` and `copy` run against a sandbox as a person starts it, `data-channel` between two processes, `synth` without
// any; all of them, if none is named. The options are the data channel's: how often, how much of the full size, and which of its scenarios.
import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { provideAwsCommandLine } from "./aws-command-line.ts";
import { benchConnect } from "./connect.ts";
import { benchCopy } from "./copy.ts";
import { benchDataChannel } from "./data-channel/bench-data-channel.ts";
import { median, timeProgram } from "./measure.ts";
import { startSandbox } from "./sandbox-process.ts";
import { benchSynth } from "./synth.ts";
import { benchTransfer } from "./transfer.ts";

const root = join(import.meta.dirname, "..");
const bastion = "sandbox-dev-bastion-host";
const PARTS: readonly string[] = ["connect", "data-channel", "copy", "synth"];
const CONNECT_ROUNDS = 11;
const TRANSFER_ROUNDS = 3;
const SYNTH_ROUNDS = 3;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function benchHelp(): Promise<void> {
  const durations: number[] = [];
  for (let run = 0; run < CONNECT_ROUNDS; run++) {
    const command = [join(root, "scripts", "connect.ts"), "--help"];
    durations.push((await timeProgram(command, { env: { PATH: process.env["PATH"] ?? "" } })).durationMs);
  }
  say(`connect.ts --help: ${median(durations).toFixed(0)} ms (median of ${CONNECT_ROUNDS})`);
}

async function benchServer(sshServer: "ssh2" | "sshd", awsCommandLine: string): Promise<void> {
  const sandbox = await startSandbox(root, sshServer === "sshd" ? ["--sshd"] : []);
  try {
    // A real sshd asks this computer who its users are.
    const osUser = sshServer === "sshd" ? userInfo().username : "ec2-user";
    const connect = await benchConnect({ root, bastion, osUser, awsCommandLine }, sandbox, CONNECT_ROUNDS);
    const ratio = connect.commandLineInterfaceMs / connect.connectMs;
    say(`${sshServer}: connect.ts ${bastion} -- true: ${connect.connectMs.toFixed(0)} ms`);
    say(`${sshServer}: AWS CLI's three calls and ssh-keygen: ${connect.commandLineInterfaceMs.toFixed(0)} ms`);
    say(`${sshServer}: ${ratio.toFixed(1)} times faster (medians of ${connect.rounds} alternating runs)`);
    const transfer = await benchTransfer({ root, bastion, osUser }, sandbox, TRANSFER_ROUNDS);
    say(`${sshServer}: 64 MiB up ${transfer.uploadMBs.toFixed(1)} MB/s, down ${transfer.downloadMBs.toFixed(1)} MB/s`);
    say(`${sshServer}: peak resident size of the client ${transfer.peakMiB.toFixed(0)} MiB`);
  } finally {
    await sandbox.stop();
  }
}

async function benchConnections(): Promise<void> {
  const awsCommandLine = await provideAwsCommandLine(root);
  await benchHelp();
  await benchServer("ssh2", awsCommandLine);
  await benchServer("sshd", awsCommandLine);
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      scale: { type: "string", default: "1" },
      only: { type: "string", default: "" },
    },
  });
  const unknown = positionals.filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`no part "${unknown.join('", "')}": there are ${PARTS.join(", ")}`);
  const isWanted = (part: string): boolean => positionals.length === 0 || positionals.includes(part);
  say(`node ${process.version}, ${execFileSync("uname", ["-sm"], { encoding: "utf8" }).trim()}`);
  if (isWanted("connect")) await benchConnections();
  if (isWanted("data-channel")) {
    const { rounds, scale, only } = values;
    await benchDataChannel({ root, rounds: Number(rounds), scale: Number(scale), only, say });
  }
  if (isWanted("copy")) await benchCopy(root, say);
  if (isWanted("synth")) await benchSynth(root, SYNTH_ROUNDS, say);
}

void main();
