// Watches what ssh sends, and tells how far its login came: ssh's own words go to the person and not to us.

/**
 * - `hello`: version and algorithms, nothing more
 * - `exchange`: it has asked for the server's host key, and not said that it is content with it
 * - `login`: it is content; too little has followed for a login
 * - `session`: it has logged in, or may have
 */
export type LoginStage = "hello" | "exchange" | "login" | "session";

/** RFC 4253 section 12, RFC 5656 section 7.1, RFC 4419 section 5. */
const MessageNumber = { newKeys: 21, exchangeInit: 30, groupExchangeInit: 32 } as const;

/** RFC 4253 section 6.1 wants 35,000 from everybody; a longer one is not followed. */
const LONGEST_PACKET_BYTES = 256 * 1024;

/**
 * What ssh sends encrypted until it is refused: the request for the service, one without a key, and one for each key
 * that it asks about; 240 to 330 bytes with one ed25519 key, measured with OpenSSH 9.2 and three ciphers. A login needs
 * a signature as well, and a session a channel: 636 with the shortest of commands and no environment. An RSA key is so
 * long that a refusal looks like a session: then ssh's own words must do.
 */
const SMALLEST_SESSION_BYTES = 480;

/** Follows one connection's bytes from their beginning; encrypted ones are only counted. */
export class LoginWatch {
  #unread = Buffer.alloc(0);
  #hasVersion = false;
  #stage: "hello" | "exchange" | "encrypted" | "lost" = "hello";
  #encryptedBytes = 0;

  get stage(): LoginStage {
    if (this.#stage === "lost") return "session";
    if (this.#stage !== "encrypted") return this.#stage;
    return this.#encryptedBytes < SMALLEST_SESSION_BYTES ? "login" : "session";
  }

  see(chunk: Buffer): void {
    if (this.#stage === "lost") return;
    if (this.#stage === "encrypted") {
      this.#encryptedBytes += chunk.length;
      return;
    }
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (!this.#hasVersion) this.#readVersion();
    if (this.#hasVersion) this.#readPackets();
  }

  #readVersion(): void {
    const end = this.#unread.indexOf("\n");
    if (end !== -1) {
      this.#hasVersion = true;
      this.#unread = this.#unread.subarray(end + 1);
    } else if (this.#unread.length > LONGEST_PACKET_BYTES) this.#stage = "lost";
  }

  /** uint32 length of what follows, byte length of the padding, byte message number, ... */
  #readPackets(): void {
    while (this.#unread.length >= 6) {
      const end = 4 + this.#unread.readUInt32BE(0);
      if (end < 6 || end > LONGEST_PACKET_BYTES) {
        this.#stage = "lost";
        return;
      }
      if (this.#unread.length < end) return;
      const number = this.#unread.readUInt8(5);
      this.#unread = this.#unread.subarray(end);
      if (number === MessageNumber.newKeys) {
        this.#stage = "encrypted";
        this.#encryptedBytes = this.#unread.length;
        this.#unread = Buffer.alloc(0);
        return;
      }
      if (number === MessageNumber.exchangeInit || number === MessageNumber.groupExchangeInit) this.#stage = "exchange";
    }
  }
}
