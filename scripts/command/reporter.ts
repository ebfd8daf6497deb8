// Tells the story of a command on stderr, so that stdout holds the answer and nothing else.
import type { Clock } from "../../session-manager/clock.ts";
import { printable } from "../errors/printable.ts";

/** How a command speaks. Foreign text may be handed in as it is: it is made printable here. */
export interface Reporter {
  /** A line of the story; --quiet leaves it out. */
  say(text: string): void;
  /** Something the person should know although the command goes on; --quiet does not leave it out. */
  warn(text: string): void;
  /** What only --debug shows. Secrets are never handed in. */
  debug(text: string): void;
  /** A wait that may take long: told once, and in a terminal with its elapsed time until the returned function ends it. */
  wait(text: string): () => void;
  /** How far the work is, shown below the story until the next call, in a terminal only; undefined takes it away. */
  progress(text: string | undefined): void;
}

/** stderr, as far as the reporter needs it. */
export interface StoryStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface StreamReporterOptions {
  readonly program: string;
  readonly stream: StoryStream;
  readonly clock: Clock;
  readonly quiet: boolean;
  readonly debug: boolean;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 100;
const ERASE_LINE = "\r\u001b[K";
const NARROWEST_COLUMNS = 80;

/** Writes lines with the program's name in front; the spinner stands below them, and only in a terminal. */
export class StreamReporter implements Reporter {
  readonly #options: StreamReporterOptions;
  readonly #startMs: number;
  #spinner: string | undefined;

  constructor(options: StreamReporterOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
  }

  say(text: string): void {
    if (!this.#options.quiet) this.#line(text);
  }

  warn(text: string): void {
    this.#line(`warning: ${text}`);
  }

  debug(text: string): void {
    if (this.#options.debug) this.#line(`debug: ${this.#options.clock.now() - this.#startMs} ms: ${text}`);
  }

  wait(text: string): () => void {
    if (this.#options.stream.isTTY !== true || this.#options.quiet) {
      this.say(text);
      return () => undefined;
    }
    return this.#spin(text);
  }

  progress(text: string | undefined): void {
    if (this.#options.stream.isTTY !== true || this.#options.quiet) return;
    if (text === undefined) this.#erase();
    else this.#draw(printable(text));
  }

  #spin(text: string): () => void {
    const { clock } = this.#options;
    const startMs = clock.now();
    let cancel = (): void => undefined;
    const turn = (): void => {
      const elapsedMs = clock.now() - startMs;
      this.#draw(`${frameAt(elapsedMs)} ${printable(text)} ${Math.floor(elapsedMs / 1_000)} s`);
      cancel = clock.schedule(FRAME_MS, turn);
    };
    turn();
    return () => {
      cancel();
      this.#erase();
    };
  }

  #draw(spinner: string): void {
    const width = this.#options.stream.columns ?? NARROWEST_COLUMNS;
    this.#spinner = spinner.slice(0, width - 1);
    this.#options.stream.write(`${ERASE_LINE}${this.#spinner}`);
  }

  #erase(): void {
    if (this.#spinner === undefined) return;
    this.#spinner = undefined;
    this.#options.stream.write(ERASE_LINE);
  }

  #line(text: string): void {
    const { program, stream } = this.#options;
    // ssh may have put the terminal into raw mode, where a newline alone does not go back to the first column.
    const line = `${program}: ${printable(text)}${stream.isTTY === true ? "\r\n" : "\n"}`;
    stream.write(this.#spinner === undefined ? line : `${ERASE_LINE}${line}${this.#spinner}`);
  }
}

function frameAt(elapsedMs: number): string {
  return FRAMES[Math.floor(elapsedMs / FRAME_MS) % FRAMES.length] ?? FRAMES[0];
}
