// Where the commands keep what is theirs: never in the project, never in ~/.ssh, and readable by their user alone.
import { join, win32 } from "node:path";

const NAME = "isolated-bastion";

/** Both exist only once they were made by `ensurePrivateDirectory`. */
export interface PrivateDirectories {
  /** What outlives a process: known hosts, host keys. */
  readonly state: string;
  /** What does not: sockets and ephemeral keys of running commands. */
  readonly runtime: string;
}

export interface DirectoryPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The system's directory for temporary files. */
  readonly temporary: string;
  /** Number of the user; undefined on Windows. */
  readonly userId: number | undefined;
}

/**
 * The directories of this user.
 *
 * @see XDG Base Directory Specification; a relative path in its variables is to be ignored
 */
export function privateDirectories({ environment, home, temporary, userId }: DirectoryPlaces): PrivateDirectories {
  const localData = environment["LOCALAPPDATA"];
  if (userId === undefined && localData !== undefined) {
    return { state: win32.join(localData, NAME), runtime: win32.join(localData, NAME, "running") };
  }
  const stateHome = absolute(environment["XDG_STATE_HOME"]) ?? join(home, ".local", "state");
  const runtimeHome = absolute(environment["XDG_RUNTIME_DIR"]);
  return {
    state: join(stateHome, NAME),
    // Others may write in the temporary directory, so the user's number keeps two users apart.
    runtime: runtimeHome === undefined ? join(temporary, `${NAME}-${userId ?? "user"}`) : join(runtimeHome, NAME),
  };
}

function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") === true ? path : undefined;
}
