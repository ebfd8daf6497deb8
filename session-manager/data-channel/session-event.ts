// What a session tells while it runs, for --debug and for tests; never the token, never a payload.
import type { DataChannelState } from "./states.ts";

/** Something that happened to a session. */
export type SessionEvent =
  | { readonly type: "state"; readonly from: DataChannelState; readonly to: DataChannelState }
  /** `kmsKeyId` is that of a session which is encrypted from here on. */
  | {
      readonly type: "handshake";
      readonly agentVersion: string;
      readonly sessionType: string;
      readonly kmsKeyId: string | undefined;
    }
  /** Text that the agent wants shown to the person; printable. */
  | { readonly type: "customer-message"; readonly text: string }
  /** A message that could not be read, or of a kind that we do not know. */
  | { readonly type: "message-ignored"; readonly detail: string }
  /** Messages sent again, because no acknowledgement came in time. */
  | { readonly type: "messages-resent"; readonly count: number; readonly timeoutMs: number }
  /** One of a port session's connections was reset, because its reader had left too much unread; the others go on. */
  | { readonly type: "connection-reset"; readonly streamId: number; readonly unreadBytes: number }
  /** The connection is gone; `attempt` counts from 1. */
  | { readonly type: "resume-attempt"; readonly attempt: number; readonly detail: string };

/** Receives events as they happen. */
export type SessionEventListener = (event: SessionEvent) => void;
