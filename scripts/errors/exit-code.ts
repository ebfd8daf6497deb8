// What the exit status of a command means: the numbers of sysexits.h, so they mean the same everywhere.

/** @see sysexits(3) */
export const ExitCode = {
  Success: 0,
  /** The command line is wrong. */
  Usage: 64,
  /** A file the person wrote is wrong: settings, key file. */
  Data: 65,
  /** What was asked for does not exist: instance, key file, bucket. */
  NotFound: 66,
  /** Something that is needed is missing or does not answer: a program, the network, the SSM Agent. */
  Unavailable: 69,
  /** Our own bug. */
  Software: 70,
  /** The computer refuses: no port, no memory, no disk. */
  System: 71,
  /** A file cannot be made. */
  CannotCreate: 73,
  /** Gone wrong this time, likely to work the next. */
  TryAgain: 75,
  /** The peer broke the protocol. */
  Protocol: 76,
  /** AWS denies it: no credentials, expired ones, or no permission. */
  Denied: 77,
  /** Ctrl-C: 128 + SIGINT, as a shell reports it. */
  Interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
