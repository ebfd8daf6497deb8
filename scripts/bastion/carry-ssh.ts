// Carries ssh's bytes through a session, and has the key authorized on the way.
import type { Duplex, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { LoginWatch } from "../ssh/login-watch.ts";
import { type KeyAuthorization, holdAfterVersionLine } from "./key-authorization.ts";

/** ssh's own side. */
export interface SshEnds {
  readonly fromSsh: Readable;
  readonly toSsh: Writable;
}

export interface Carriage extends SshEnds {
  /** The session's. */
  readonly stream: Duplex;
  readonly authorization: KeyAuthorization;
  /** Sees what ssh sends. */
  readonly watch?: LoginWatch | undefined;
  readonly clock: Clock;
}

/** A server that waits for the client to speak first is none that RFC 4253 describes, but it is waited for no longer. */
const FIRST_WORD_LIMIT_MS = 1_000;

/** Carries bytes both ways. Rejects when the key cannot be authorized; never resolves. */
export function carrySsh({ fromSsh, toSsh, stream, authorization, watch, clock }: Carriage): Promise<never> {
  return new Promise((_resolve, reject) => {
    const hold = holdAfterVersionLine(() => {
      const authorized = authorization.ensure();
      authorized.catch(reject);
      // A refusal holds for ever: the stream stays as it is until ssh has ended.
      return new Promise((release) => void authorized.then(release, () => undefined));
    });
    pipeline(stream, hold, toSsh).catch(() => undefined);
    void firstWord(hold, clock).then(() => {
      fromSsh.on("data", (chunk: Buffer) => {
        watch?.see(chunk);
      });
      return pipeline(fromSsh, stream).catch(() => undefined);
    });
  });
}

/**
 * Resolves when the server has spoken, which sshd does first.
 *
 * Until then the agent may have no connection to it, and refuses what comes: the client would send it again, but only
 * when the retransmission timeout of 200 ms and more has passed.
 */
async function firstWord(fromServer: Readable, clock: Clock): Promise<void> {
  const spoken = new AbortController();
  fromServer.once("data", () => {
    spoken.abort();
  });
  fromServer.once("close", () => {
    spoken.abort();
  });
  await sleep(FIRST_WORD_LIMIT_MS, clock, spoken.signal).catch(() => undefined);
}
