// A program of this project in a process of its own, asked over IPC one question at a time.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Started by the launcher, as commands are. */
export class ChildProgram {
  readonly #child: ChildProcess;

  constructor(root: string, program: string) {
    this.#child = fork(join(root, "scripts", "launcher.mjs"), [join(root, program)], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  /** Its answer. @throws Error if it ends without one */
  async ask(question: object | string): Promise<unknown> {
    const ended = once(this.#child, "exit").then(() => {
      throw new Error(`${this.#child.spawnargs.join(" ")} ended without an answer`);
    });
    const answer = once(this.#child, "message").then(([message]) => message as unknown);
    this.#child.send(question);
    ended.catch(() => undefined); // after the answer, nobody asks how it ended
    return Promise.race([answer, ended]);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}
