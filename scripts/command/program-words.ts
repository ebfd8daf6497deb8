// How node runs one of the commands.
import { join } from "node:path";

/** The words for node, before the command's own: a TypeScript program needs the launcher, what is published does not. */
export function programWords(program: string, programDirectory: string): string[] {
  return program.endsWith(".ts") ? [join(programDirectory, "launcher.mjs"), program] : [program];
}
