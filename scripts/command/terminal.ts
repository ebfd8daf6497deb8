// Asks the person in front of the terminal; where there is none, a command gets no Terminal and must not ask.
import { createInterface } from "node:readline";
import { ExitCode } from "../errors/exit-code.ts";
import { printable } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { untilAborted } from "./until-aborted.ts";

/** Questions to a person. */
export interface Terminal {
  /** True for y or yes; anything else, an empty line too, is no. */
  confirm(question: string): Promise<boolean>;
  /**
   * The one that was picked.
   *
   * @throws UserError (64) when the answer is no number of the list
   */
  choose<T>(question: string, items: readonly T[], describe: (item: T) => string): Promise<T>;
  /** One line of text, e.g. an MFA code. */
  ask(question: string): Promise<string>;
}

export interface TerminalOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** A terminal that asks on `output` (stderr, since stdout is the answer's) and reads lines of `input`. */
export function lineTerminal(options: TerminalOptions): Terminal {
  const ask = (question: string): Promise<string> => askLine(question, options);
  return {
    ask,
    async confirm(question) {
      return /^y(es)?$/i.test((await ask(`${printable(question)} [y/N] `)).trim());
    },
    async choose(question, items, describe) {
      for (const [index, item] of items.entries())
        options.output.write(`${String(index + 1).padStart(3)}  ${printable(describe(item))}\n`);
      const answer = (await ask(`${printable(question)} [1-${items.length}] `)).trim();
      const chosen = /^\d{1,4}$/.test(answer) ? items[Number(answer) - 1] : undefined;
      if (chosen === undefined) throw notInList(answer, items.length);
      return chosen;
    },
  };
}

function notInList(answer: string, count: number): UserError {
  return new UserError(`cannot pick "${printable(answer)}": the list has the numbers 1 to ${count}`, {
    hint: "run the command again and answer with a number",
    exitCode: ExitCode.Usage,
  });
}

async function askLine(question: string, { input, output, signal }: TerminalOptions): Promise<string> {
  output.write(question);
  // Not in raw mode (terminal: false), so that Ctrl-C stays a signal, for us and for the programs we have started.
  const lines = createInterface({ input, terminal: false });
  const answer = new Promise<string>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => {
      resolve(""); // end of input is no answer
    });
  });
  try {
    return await untilAborted(answer, signal);
  } finally {
    lines.close();
    input.pause(); // ssh reads the terminal from now on
  }
}
