// What is not whole yet has a name of its own, beside the one that it will get; a later run goes on from there.

const SUFFIX = ".partial";
/** What Linux and macOS take for one name. */
const LONGEST_NAME_BYTES = 255;

/** Where a copy grows that will be `path`: beside it, so that it need only be renamed. */
export function partialPath(path: string): string {
  const whole = path.replace(/(?<=.)\/+$/, "");
  const start = whole.lastIndexOf("/") + 1;
  let name = whole.slice(start);
  while (Buffer.byteLength(name) + SUFFIX.length > LONGEST_NAME_BYTES) name = Array.from(name).slice(0, -1).join("");
  return `${whole.slice(0, start)}${name}${SUFFIX}`;
}
