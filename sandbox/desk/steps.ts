// The story of a start, on stderr: each long step with the time it took.
import type { Clock } from "../../session-manager/clock.ts";

/** How often a step that takes long says so where nobody sees a spinner. */
const REMINDER_MS = 15_000;

/** Where the story goes: a terminal is told apart from a file or a pipe. */
export interface StoryStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Tells steps as they begin and end. */
export class Steps {
  readonly #stream: StoryStream;
  readonly #clock: Clock;

  constructor(stream: StoryStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** A line of the story. */
  say(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  /**
   * Does `work`, and says when it began, how it goes on and how long it took.
   *
   * `work` gets a function that tells a detail of what is being done now.
   */
  async step<T>(title: string, work: (tell: (detail: string) => void) => Promise<T>): Promise<T> {
    const start = this.#clock.now();
    let detail = "";
    const show = (): void => {
      this.#showProgress(title, this.#clock.now() - start, detail);
    };
    const stop = this.#repeat(show);
    show();
    try {
      const result = await work((told) => (detail = told));
      this.#finish(`${title}: ${seconds(this.#clock.now() - start)}`);
      return result;
    } catch (error) {
      this.#finish(`${title}: failed after ${seconds(this.#clock.now() - start)}`);
      throw error;
    } finally {
      stop();
    }
  }

  #repeat(show: () => void): () => void {
    let cancel = (): void => undefined;
    const next = (): void => {
      cancel = this.#clock.schedule(this.#stream.isTTY === true ? 1_000 : REMINDER_MS, () => {
        show();
        next();
      });
    };
    next();
    return () => {
      cancel();
    };
  }

  #showProgress(title: string, elapsedMs: number, detail: string): void {
    const text = `${title} … ${elapsedMs >= 1_000 ? seconds(elapsedMs) : ""} ${detail}`.trimEnd();
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[K${text.slice(0, 100)}` : `${text}\n`);
  }

  #finish(text: string): void {
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[K${text}\n` : `${text}\n`);
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(durationMs < 10_000 ? 1 : 0)} s`;
}
