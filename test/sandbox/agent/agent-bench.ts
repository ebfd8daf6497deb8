// A session on the agent, with a hand-written client and a port that the test holds the other end of.
import type { Duplex } from "node:stream";
import { AgentSession } from "../../../sandbox/agent/agent-session.ts";
import { sessionKind } from "../../../sandbox/agent/document.ts";
import type { SessionEncryption } from "../../../sandbox/agent/handshake.ts";
import { pluginStarter } from "../../../sandbox/agent/start-plugin.ts";
import { FAST_TIMING, type AgentTiming } from "../../../sandbox/agent/timing.ts";
import { joinedStreams } from "../../../sandbox/instances/joined-streams.ts";
import { loginAt } from "../../../sandbox/instances/login.ts";
import type { Clock } from "../../../session-manager/clock.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { acknowledgement, handshakeResponse, RecordingLink } from "./hand-written-wire.ts";

const AGENT_VERSION = "3.3.987.0";

export interface AgentBenchOptions {
  readonly documentName?: string;
  readonly parameters?: Record<string, string[]>;
  readonly timing?: AgentTiming;
  readonly clock?: Clock;
  readonly outputIntervalMs?: number;
  /** What the agent reaches; by default a port of the bench's, a new one each time. */
  readonly dial?: (host: string, port: number) => Promise<Duplex>;
  readonly home?: string;
  readonly encryption?: SessionEncryption;
}

export interface AgentBench {
  readonly clock: FakeClock;
  readonly session: AgentSession;
  readonly link: RecordingLink;
  /** The far ends of what the agent has dialed, in turn. */
  readonly ports: Duplex[];
  /** Hosts and ports that the agent has dialed. */
  readonly dialed: string[];
}

/** A session of `AWS-StartSSHSession`, if nothing else is said, to which a client has come. */
export function agentBench(options: AgentBenchOptions = {}): AgentBench {
  const { documentName = "AWS-StartSSHSession", parameters = {}, timing = FAST_TIMING, home = "/" } = options;
  const fakeClock = new FakeClock();
  const clock = options.clock ?? fakeClock;
  const [dialed, ports]: [string[], Duplex[]] = [[], []];
  const dial = (name: string, number: number): Promise<Duplex> => {
    dialed.push(`${name}:${number}`);
    if (options.dial !== undefined) return options.dial(name, number);
    const [near, far] = joinedStreams();
    ports.push(far);
    return Promise.resolve(near);
  };
  const kind = sessionKind(documentName, parameters);
  if (kind === undefined) throw new TypeError(`"${documentName}" is not modelled`);
  const session = new AgentSession({
    clock,
    timing,
    agentVersion: AGENT_VERSION,
    kind,
    startPlugin: pluginStarter(kind, {
      clock,
      timing,
      agentVersion: AGENT_VERSION,
      dial,
      login: () => Promise.resolve(loginAt(home)),
    }),
    encryption: options.encryption,
    outputIntervalMs: () => options.outputIntervalMs ?? 0,
  });
  const link = new RecordingLink();
  session.attach(link);
  return { clock: fakeClock, session, link, ports, dialed };
}

/** The same after the handshake, which took input 0 and outputs 0 and 1. */
export async function establishedBench(options: AgentBenchOptions = {}, clientVersion?: string): Promise<AgentBench> {
  const bench = agentBench(options);
  bench.session.receive(acknowledgement({ id: "", number: 0 }));
  bench.session.receive(handshakeResponse(clientVersion));
  await bench.clock.advance(0);
  bench.session.receive(acknowledgement({ id: "", number: 1 }));
  await bench.clock.advance(options.timing?.pauseAfterHandshakeMs ?? 0);
  return bench;
}

/** Resolves when the condition holds; looks again at each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What is known of the promise now: its value, or "pending". */
export function settled(promise: Promise<string>): Promise<string> {
  return Promise.race([promise, new Promise<string>((resolve) => setImmediate(resolve, "pending"))]);
}
