// How fast the agent is: as AWS's own with its sleeps, or without them.

/** The waits and sizes of an agent. */
export interface AgentTiming {
  /** Bytes of output in one message, at most. */
  readonly payloadBytes: number;
  /** Silence after HandshakeComplete: session-manager-plugin dies of a message within about 2 ms of it. */
  readonly pauseAfterHandshakeMs: number;
  /** Time between two messages of output; 0 for none. */
  readonly outputIntervalMs: number;
  /** Time before a shell's first output. */
  readonly shellDelayMs: number;
  /** Whether the connections of a multiplexed port are opened one after the other. */
  readonly dialsInTurn: boolean;
  /** How often unacknowledged messages are looked at. */
  readonly resendIntervalMs: number;
  /** `oldest`: one message each time, as AWS's agent; `expired`: all whose time is up. */
  readonly resend: "oldest" | "expired";
  /** Floor of the retransmission timeout; AWS's agent has none. */
  readonly minimumRetransmissionTimeoutMs: number;
}

/** As amazon-ssm-agent 3.3: agent/session/config/config.go, plugins/port/port_basic.go, shell/shell.go. */
export const AWS_TIMING: AgentTiming = {
  payloadBytes: 1024,
  pauseAfterHandshakeMs: 50,
  outputIntervalMs: 1,
  shellDelayMs: 1_000,
  dialsInTurn: true,
  resendIntervalMs: 100,
  resend: "oldest",
  minimumRetransmissionTimeoutMs: 0,
};

/** The same agent without its sleeps, and with the repairs that a busy computer needs. */
export const FAST_TIMING: AgentTiming = {
  payloadBytes: 1024,
  pauseAfterHandshakeMs: 0,
  outputIntervalMs: 0,
  shellDelayMs: 0,
  dialsInTurn: false,
  resendIntervalMs: 100,
  resend: "expired",
  minimumRetransmissionTimeoutMs: 200,
};
