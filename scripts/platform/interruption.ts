// Turns the signals that end a process into one AbortSignal, so that every wait ends and clean-up runs.
import { ExitCode } from "../errors/exit-code.ts";

/** What a shell reports for a program that such a signal ended: 128 + its number. */
const STATUS_BY_SIGNAL = {
  SIGHUP: 129, // on Windows: the window was closed
  SIGINT: ExitCode.Interrupted,
  SIGTERM: 143, // on Windows nobody gets it: who is sent it has ended
  SIGBREAK: 149, // Ctrl-Break, on Windows only
} as const;

export type EndingSignal = keyof typeof STATUS_BY_SIGNAL;
export const endingSignals = Object.keys(STATUS_BY_SIGNAL) as readonly EndingSignal[];

/** Why the command was aborted. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: number;
  /** The terminal, or the program that started this one, is gone. */
  readonly isHangUp: boolean;

  constructor(signal: EndingSignal) {
    super(`ended by ${signal}`);
    this.isHangUp = signal === "SIGHUP";
    this.exitCode = STATUS_BY_SIGNAL[signal];
  }
}

/** Where signals arrive: the process. */
export interface SignalSource {
  on(signal: EndingSignal, listener: (signal: EndingSignal) => void): unknown;
}

/**
 * Aborts on the first ending signal; a second one means that the person does not want to wait for the clean-up.
 *
 * @param giveUp - ends the process at once with the given status
 */
export function abortOnSignals(source: SignalSource, giveUp: (exitCode: number) => void): AbortSignal {
  const controller = new AbortController();
  for (const ending of endingSignals) {
    source.on(ending, () => {
      if (controller.signal.aborted) giveUp(STATUS_BY_SIGNAL[ending]);
      controller.abort(new Interruption(ending));
    });
  }
  return controller.signal;
}
