// What a command keeps while it runs, and what commands that were killed have left: directories, keys, sessions.
import type { CommandContext } from "../command/command-context.ts";
import { processStartMark } from "../platform/process-start.ts";
import { WorkDirectory, sweepWorkDirectories } from "../platform/work-directory.ts";
import { terminateSession } from "./open-session.ts";

/** A private directory for this run, gone with the process on every way out that it can see. */
export function makeWorkDirectory(context: CommandContext): WorkDirectory {
  const work = new WorkDirectory(context.directories.runtime, context.process);
  context.onExit(() => {
    work.remove();
  });
  return work;
}

/**
 * Says whose the directory is, then removes what killed commands have left and ends their sessions, as far as they are
 * of this Region and profile: others need other credentials, and end by their idle time-out. Never rejects.
 */
export async function claimAndSweep(work: WorkDirectory, context: CommandContext): Promise<void> {
  const { aws, directories, process, reporter } = context;
  try {
    const startMark = await processStartMark(process.pid, process.platform);
    work.recordOwner(startMark);
    const abandoned = await sweepWorkDirectories(directories.runtime, process.platform);
    const ours = abandoned.filter(({ region, profile }) => region === aws.region && profile === aws.profile);
    await Promise.all(ours.map(({ sessionId }) => terminateSession(sessionId, context)));
  } catch (error) {
    reporter.debug(`cannot sweep: ${String(error)}`);
  }
}
