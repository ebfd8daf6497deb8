// The code that Node's own errors carry, e.g. `ENOENT`.

/** The error's `code`, if it has one; not asked for its class, which differs between JavaScript's realms. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
