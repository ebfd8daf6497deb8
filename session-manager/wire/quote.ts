// Quoting of a peer's string, so that it can stand in a message on a terminal.

/** Longer strings are cut here; what was wrong shows long before. */
const MAX_QUOTED_CHARACTERS = 80;

/**
 * The value in double quotes, with everything but printable ASCII escaped, cut after 80 characters.
 *
 * Strings of a peer may hold terminal escapes; none may reach a terminal through one of our messages.
 */
export function quote(value: string): string {
  const shown = value.length > MAX_QUOTED_CHARACTERS ? `${value.slice(0, MAX_QUOTED_CHARACTERS)}…` : value;
  return JSON.stringify(shown).replace(/[^\x20-\x7e…]/g, escapeCodeUnit);
}

function escapeCodeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
