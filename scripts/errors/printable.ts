// Makes text that comes from elsewhere safe to show: the only place that knows what a terminal obeys.

// C0 and C1 controls (escape sequences begin with them), line and paragraph separators, and the marks that turn the
// direction of writing, by which a name can pose as another one.
// eslint-disable-next-line no-control-regex -- control characters are the very thing that is looked for
const OBEYED_BY_TERMINALS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * The text on one line, with each character that a terminal would obey written as `\u001b`.
 *
 * Applying it twice changes nothing.
 */
export function printable(text: string): string {
  return text.replace(OBEYED_BY_TERMINALS, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });
}

/** The text in double quotes, printable. */
export function quoted(text: string): string {
  return `"${printable(text)}"`;
}
