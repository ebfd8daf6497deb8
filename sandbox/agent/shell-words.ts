// Splitting a command line into words as a shell would, without running a shell.

const WORD = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs;
const PART = /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs;

/** The words: quotes group, a backslash takes the next character as it is, nothing is expanded. */
export function shellWords(line: string): string[] {
  return (line.match(WORD) ?? []).map((word) =>
    word.replaceAll(PART, (_part, escaped?: string, double?: string, single?: string) => {
      return escaped ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? single ?? "";
    }),
  );
}
