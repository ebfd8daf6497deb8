// OpenSSH's own sshd as the SSH server of an instance: one `sshd -i` for each connection, no daemon, no port.
import { execFile, spawn } from "node:child_process"; // a byte stream at full speed; zx buffers output
import { renameSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { pipeline, type Duplex } from "node:stream";
import { promisify } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";
import type { AuthorizedKeys, TimedKey } from "./authorized-keys.ts";
import type { HostKey } from "./host-key.ts";
import { findSftpServer, findSshd } from "./openssh.ts";

export interface SshdOptions {
  readonly instanceId: string;
  /** The instance's own directory, mode 0700: configuration, authorized keys and log. */
  readonly directory: string;
  readonly hostKey: HostKey;
  readonly home: string;
  readonly authorizedKeys: AuthorizedKeys;
}

/**
 * sshd starts every program in the HOME of the password file; this takes it to the instance's own first.
 * sh, because the person's shell, which runs it, need not be one of its kin.
 */
const FORCED_COMMAND = `exec /bin/sh -c '${[
  `cd "$HOME" || exit`,
  `command=$SSH_ORIGINAL_COMMAND`,
  `unset SSH_ORIGINAL_COMMAND`,
  `[ -n "$command" ] || exec "$SHELL" -l`,
  `exec "$SHELL" -c "$command"`,
].join("; ")}'`;

/**
 * Logs in the person who runs the sandbox and nobody else: without root sshd cannot change users, and as root it must not.
 *
 * The 60 s of a key are sshd's own to enforce (`expiry-time`, in UTC since OpenSSH 9.1), by this computer's time.
 */
export class Sshd {
  readonly #sshd: string;
  readonly #configurationFile: string;
  readonly #logFile: string;
  readonly #connections = new Set<() => void>();

  private constructor(sshd: string, directory: string) {
    this.#sshd = sshd;
    this.#configurationFile = join(directory, "sshd_config");
    this.#logFile = join(directory, "sshd.log");
  }

  /**
   * Writes the configuration and has sshd check it.
   *
   * @throws UserError if there is no sshd on this computer, or it refuses to run
   */
  static async start(options: SshdOptions): Promise<Sshd> {
    const program = findSshd();
    if (program === undefined) {
      const hint = "install OpenSSH's server (Debian: apt-get install openssh-server), or use the sandbox's own";
      throw new UserError("cannot start sshd: it is not installed", { hint, exitCode: ExitCode.Unavailable });
    }
    const sshd = new Sshd(program, options.directory);
    await sshd.#configure(options);
    return sshd;
  }

  /** Serves one client on `stream`, until either side ends it. */
  accept(stream: Duplex): void {
    const sshd = spawn(this.#sshd, ["-i", "-f", this.#configurationFile, "-E", this.#logFile], {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true, // Ctrl-C where the sandbox runs is not for it
    });
    const leave = (): void => {
      sshd.kill();
      sshd.stdin.destroy(); // a signal that sshd gets between two waits is noticed at its next input only
    };
    this.#connections.add(leave);
    sshd.once("error", leave);
    sshd.once("close", () => {
      this.#connections.delete(leave);
      stream.destroy();
    });
    pipeline(stream, sshd.stdin, () => undefined);
    pipeline(sshd.stdout, stream, leave);
  }

  /** Ends all connections; sshd ends the programs it started for them. */
  close(): void {
    for (const leave of this.#connections) leave();
  }

  async #configure({ instanceId, directory, hostKey, home, authorizedKeys }: SshdOptions): Promise<void> {
    const person = userInfo().username;
    const keysFile = join(directory, "authorized_keys");
    const writeKeys = (): void => {
      replace(keysFile, authorizedKeys.timed(instanceId, person).map(authorizedKeysLine).join(""));
    };
    writeKeys();
    authorizedKeys.onAuthorized((authorization) => {
      if (authorization.instanceId === instanceId && authorization.osUser === person) writeKeys();
    });
    await writeFile(this.#configurationFile, configuration({ hostKey, home, keysFile, person }), { mode: 0o600 });
    await this.#check();
  }

  async #check(): Promise<void> {
    try {
      await promisify(execFile)(this.#sshd, ["-t", "-f", this.#configurationFile]);
    } catch (cause) {
      const said = (cause as { stderr?: string }).stderr?.trim() ?? "";
      const missing = /Missing privilege separation directory: (\S+)/.exec(said)?.[1];
      const hint = missing === undefined ? "use the sandbox's own SSH server" : `mkdir -m 755 ${missing}`;
      const message = `cannot start sshd: it says ${JSON.stringify(said)}`;
      throw new UserError(message, { hint, exitCode: ExitCode.Unavailable, cause });
    }
  }
}

interface Configuration {
  readonly hostKey: HostKey;
  readonly home: string;
  readonly keysFile: string;
  readonly person: string;
}

function configuration({ hostKey, home, keysFile, person }: Configuration): string {
  const sftpServer = findSftpServer();
  return [
    `HostKey ${quoted(hostKey.privateKeyFile)}`,
    `AuthorizedKeysFile ${quoted(keysFile.replaceAll("%", "%%"))}`,
    `AllowUsers ${quoted(person)}`,
    `SetEnv ${quoted(`HOME=${home}`)}`,
    `ForceCommand ${FORCED_COMMAND}`,
    ...(sftpServer === undefined ? [] : [`Subsystem sftp ${quoted(sftpServer)}`]),
    "StrictModes no", // the folders above ours are the person's business
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitUserRC no",
    "PrintMotd no",
    "PrintLastLog no",
    "AcceptEnv LANG LC_* COLORTERM NO_COLOR",
    "PidFile none",
    "LogLevel ERROR",
    "",
  ].join("\n");
}

/** One argument of sshd_config(5). */
function quoted(argument: string): string {
  if (/["\\\p{Cc}]/u.test(argument)) {
    const message = `cannot start sshd: its configuration cannot hold the path ${JSON.stringify(argument)}`;
    const hint = "move the project to a path without quotes, backslashes and control characters";
    throw new UserError(message, { hint, exitCode: ExitCode.Data });
  }
  return `"${argument}"`;
}

function authorizedKeysLine({ publicKey, expiresAtMs }: TimedKey): string {
  const [date = "", time = ""] = new Date(expiresAtMs).toISOString().split("T");
  return `expiry-time="${date.replaceAll("-", "")}${time.slice(0, 8).replaceAll(":", "")}Z" ${publicKey}\n`;
}

/** At once, under sshd's nose: it never reads half a file. */
function replace(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
