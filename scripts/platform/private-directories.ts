// Directories that are readable by their user alone: made, and looked at before they are trusted.
import { chmodSync, lstatSync, mkdirSync, rmdirSync } from "node:fs";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { closeToOthers } from "./windows.ts";

/**
 * Makes the directory if need be, and makes sure that it is a real one, of this user, closed to others.
 *
 * @throws UserError (73) when it is a link or someone else's: in a temporary directory anybody could have put it there
 */
export function ensurePrivateDirectory(path: string, userId: number | undefined, close = closeToOthers): void {
  const isNew = makeDirectory(path);
  const found = lstatSync(path);
  if (!found.isDirectory()) throw cannotUse(path, "it is no directory");
  if (userId === undefined) {
    // It stands in the user's own folder, where others make none.
    if (isNew) closeOnWindows(path, close);
    return;
  }
  if (found.uid !== userId) throw cannotUse(path, `it belongs to user ${found.uid}, and we are ${userId}`);
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** @returns whether it was not there */
function makeDirectory(path: string): boolean {
  try {
    return mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined;
  } catch (cause) {
    throw cannotUse(path, "it cannot be made", cause);
  }
}

function closeOnWindows(path: string, close: typeof closeToOthers): void {
  try {
    close(path, "folder");
  } catch (cause) {
    rmdirSync(path); // the next start would take it for closed
    throw cannotUse(path, "it cannot be closed to others", cause);
  }
}

function cannotUse(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`cannot use private directory ${quoted(path)}: ${reason}`, {
    hint: "move it away, or name another place with XDG_RUNTIME_DIR and XDG_STATE_HOME, on Windows with LOCALAPPDATA",
    exitCode: ExitCode.CannotCreate,
    cause,
  });
}
