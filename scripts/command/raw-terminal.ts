// The terminal as a program on the far side needs it: every key as it is pressed, and how large the window is.
import type { ReadStream, WriteStream } from "node:tty";

/** A terminal's size, in characters. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** The terminal in front of the person. */
export interface RawTerminal {
  readonly size: WindowSize;
  /** @returns a function that takes the listener off again */
  onResize(listener: () => void): () => void;
  /**
   * From now on nothing is echoed, edited or made a signal, Ctrl-C neither.
   *
   * @returns a function that gives the terminal back; at the end of the process it is given back in any case
   */
  takeKeys(): () => void;
}

export interface RawTerminalOptions {
  readonly input: Pick<ReadStream, "setRawMode">;
  readonly output: Pick<WriteStream, "columns" | "rows" | "on" | "removeListener">;
  /** Calls when the process goes on after it was stopped from outside: a shell has had the terminal meanwhile. */
  onContinue(listener: () => void): () => void;
  onExit(action: () => void): void;
}

/** The terminal that these streams are. */
export function rawTerminal(options: RawTerminalOptions): RawTerminal {
  const { input, output } = options;
  return {
    get size() {
      return { columns: output.columns, rows: output.rows };
    },
    onResize(listener) {
      output.on("resize", listener);
      return () => void output.removeListener("resize", listener);
    },
    takeKeys() {
      let isTaken = true;
      const giveBack = (): void => {
        if (!isTaken) return;
        isTaken = false;
        stopListening();
        input.setRawMode(false);
      };
      const stopListening = options.onContinue(() => {
        input.setRawMode(false); // Node does nothing where it believes the mode to be the right one
        input.setRawMode(true);
      });
      options.onExit(giveBack);
      input.setRawMode(true);
      return giveBack;
    },
  };
}
