// Plays a schedule of keys, sizes, outputs and faults on one shell or command, and lists every promise that was broken.
import fc from "fast-check";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import { ShellSession } from "../../../session-manager/sessions/shell.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { channelClosed } from "../agent-messages.ts";
import { fates, FaultyPath } from "./faulty-path.ts";
import { ReferenceAgent } from "./reference-agent.ts";
import { referenceEncryption } from "./reference-encryption.ts";

const bytes = fc.uint8Array({ minLength: 1, maxLength: 3000 });
const STDOUT = 1;
const STDERR = 11;
const EXIT_CODE = 12;

/** Everything that may happen to a shell or a command. */
export const shellSchedule = fc.record({
  fates,
  delayMs: fc.integer({ min: 0, max: 300 }),
  kind: fc.constantFrom(
    { sessionType: "Standard_Stream", opening: "none" } as const,
    { sessionType: "Standard_Stream", opening: "encrypted handshake" } as const,
    { sessionType: "InteractiveCommands", opening: "encrypted handshake" } as const,
    { sessionType: "NonInteractiveCommands", opening: "handshake" } as const,
    { sessionType: "NonInteractiveCommands", opening: "encrypted handshake" } as const,
  ),
  typed: fc.array(bytes, { maxLength: 8 }),
  shown: fc.array(fc.record({ payloadType: fc.constantFrom(STDOUT, STDERR), payload: bytes }), { maxLength: 12 }),
  exitCode: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
  /** The widths that the terminal is given in turn. */
  widths: fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 5 }),
});

export type ShellSchedule = typeof shellSchedule extends fc.Arbitrary<infer Value> ? Value : never;

/** What one side has to say, and what the other has heard. */
interface Heard {
  readonly typed: Buffer[];
  readonly widths: number[];
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
}

const LIMIT_SECONDS = 600;
const FIRST_WIDTH = 80;
const TICKET = { sessionId: "s", streamUrl: "wss://service.example/", tokenValue: "t" };

/** Plays it; the list of what went wrong is empty when all is well. */
export async function playShellSchedule(schedule: ShellSchedule): Promise<string[]> {
  const clock = new FakeClock();
  const path = new FaultyPath(clock, schedule.fates, schedule.delayMs);
  const heard: Heard = { typed: [], widths: [], stdout: [], stderr: [] };
  const agent = newAgent(schedule, { clock, path, heard });
  path.agent = agent;
  const shell = await openShell(schedule, path, clock);
  shell.stdout.on("data", (piece: Buffer) => heard.stdout.push(piece));
  shell.stderr.on("data", (piece: Buffer) => heard.stderr.push(piece));
  for (let second = 0; second < LIMIT_SECONDS && !isThrough(schedule, heard, agent); second += 1)
    await clock.advance(1000);
  agent.stop();
  path.say(channelClosed());
  await clock.advance(10_000);
  return [...broken(schedule, heard), ...(await brokenEnd(schedule, shell, clock))];
}

function newAgent(
  { kind, shown, exitCode }: ShellSchedule,
  { clock, path, heard }: { clock: FakeClock; path: FaultyPath; heard: Heard },
): ReferenceAgent {
  return new ReferenceAgent({
    clock,
    ...kind,
    properties: null,
    transmit: (message) => {
      path.toClient(message);
    },
    onEstablished: (agent) => {
      if (kind.opening === "none") agent.send(Buffer.from("$ ")); // a shell in clear begins with its first output
      for (const { payloadType, payload } of shown) agent.send(Buffer.from(payload), payloadType);
      if (exitCode !== undefined) agent.send(Buffer.from(`EXIT_CODE: ${exitCode}`), EXIT_CODE);
    },
    onOutput: (payload) => heard.typed.push(payload),
    onOther: (_payloadType, payload) => {
      heard.widths.push((JSON.parse(payload.toString()) as { readonly cols: number }).cols);
    },
  });
}

async function openShell(schedule: ShellSchedule, path: FaultyPath, clock: FakeClock): Promise<ShellSession> {
  let shell: ShellSession | undefined;
  const channel = new DataChannel({
    ticket: TICKET,
    clock,
    openTransport: path.openTransport,
    clientVersion: "1.2.764.0",
    mayBeSilent: true,
    encryption: schedule.kind.opening === "encrypted handshake" ? referenceEncryption : undefined,
    resume: () => Promise.resolve(TICKET),
    accept: (opened, outcome) => {
      shell = new ShellSession(opened, outcome, { columns: FIRST_WIDTH, rows: 24 });
      for (const piece of schedule.typed) shell.stdin.write(piece);
      return shell;
    },
  });
  void channel.open();
  for (let second = 0; second < LIMIT_SECONDS && shell === undefined; second += 1) await clock.advance(1000);
  if (shell === undefined) throw new Error("the shell was never opened");
  for (const columns of schedule.widths) shell.resize({ columns, rows: 24 });
  return shell;
}

function isThrough(schedule: ShellSchedule, heard: Heard, agent: ReferenceAgent): boolean {
  return agent.isDone && broken(schedule, heard).length === 0;
}

function broken({ kind, typed, shown, widths }: ShellSchedule, heard: Heard): string[] {
  const prompt = kind.opening === "none" ? [Buffer.from("$ ")] : [];
  const of = (type: number): Uint8Array[] =>
    shown.filter((each) => each.payloadType === type).map((each) => each.payload);
  return [
    ...difference("stdin", heard.typed, typed),
    ...difference("stdout", heard.stdout, [...prompt, ...of(STDOUT)]),
    ...difference("stderr", heard.stderr, of(STDERR)),
    // Sizes that have waited too long are left out, but the last one never, and none comes late.
    ...(heard.widths.at(-1) === (widths.at(-1) ?? FIRST_WIDTH) ? [] : ["the last size did not arrive"]),
    ...(isSubsequence(heard.widths, [FIRST_WIDTH, ...widths]) ? [] : ["sizes arrived that were not given"]),
  ];
}

async function brokenEnd({ exitCode }: ShellSchedule, shell: ShellSession, clock: FakeClock): Promise<string[]> {
  const told = await shell.exitCode;
  return [
    ...(told === exitCode ? [] : [`exit code ${String(told)} is not ${String(exitCode)}`]),
    ...(clock.pending === 0 ? [] : [`${clock.pending} timers are left`]),
  ];
}

function difference(name: string, heard: readonly Uint8Array[], said: readonly Uint8Array[]): string[] {
  return Buffer.concat(heard).equals(Buffer.concat(said)) ? [] : [`${name} is not what was sent`];
}

function isSubsequence(part: readonly number[], whole: readonly number[]): boolean {
  let at = 0;
  for (const item of whole) if (item === part[at]) at += 1;
  return at === part.length;
}
