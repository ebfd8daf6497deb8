// What is wrong with the settings, said so that it can be mended: where, what, and the cure.

/** One thing that is wrong. */
export interface Problem {
  /** What was met, with the value as it stands in the file: `"vpc_cidr": "10.0.0.0/33" is not a CIDR block`. */
  readonly message: string;
  /** What to write or to run instead; several lines are several hints. */
  readonly cure: string;
}

/** Exit statuses of the apps, from sysexits(3). */
export const SettingsExitCode = { Data: 65, NotFound: 66, Software: 70 } as const;

/** Stops synthesis. Carries all problems found, because mending them one a run is no pleasure. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  /** The file's name, or what else the settings came from. */
  readonly source: string;
  readonly problems: readonly Problem[];
  readonly exitCode: number;

  constructor(source: string, problems: readonly Problem[], exitCode: number = SettingsExitCode.Data) {
    super(problems.map(({ message }) => `${source}: ${message}`).join("\n"));
    this.source = source;
    this.problems = problems;
    this.exitCode = exitCode;
  }

  /** The lines for the terminal: `stacks: error: …` and `stacks: hint: …` for each problem. */
  render(): string {
    const lines = this.problems.flatMap(({ message, cure }) => [
      `stacks: error: ${this.source}: ${message}`,
      ...cure.split("\n").map((line) => `stacks: hint: ${line}`),
    ]);
    return `${lines.join("\n")}\n`;
  }
}
