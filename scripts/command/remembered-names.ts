// The names that commands have seen, kept so that a shell can complete them without asking AWS.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../errors/printable.ts";
import { ensurePrivateDirectory } from "../platform/private-directories.ts";
import type { Aws, Instance } from "./aws-ports.ts";
import { callNameOf } from "./database-name.ts";

/** What a name is of. */
export type NameKind = "bastion" | "rds" | "cache";

const KINDS: readonly NameKind[] = ["bastion", "rds", "cache"];
/** More than a person can choose from; those that were not seen for longest go. */
const NAMES_KEPT = 200;
const LONGEST_NAME = 256;

/** The file of the names; one that cannot be read or written is done without. */
export class RememberedNames {
  readonly #directory: string;
  readonly #userId: number | undefined;

  /**
   * @param directory - the private one for what outlives a process; made if need be
   * @param userId - the user's number; undefined on Windows
   */
  constructor(directory: string, userId: number | undefined) {
    this.#directory = directory;
    this.#userId = userId;
  }

  /** Those seen last come first. */
  of(kind: NameKind): readonly string[] {
    return this.#read()[kind] ?? [];
  }

  /** Puts the `seen` ones first, and forgets those that are `gone`. */
  remember(kind: NameKind, seen: readonly string[], gone: readonly string[] = []): void {
    const known = this.#read();
    const before = known[kind] ?? [];
    const names = [...new Set([...seen.filter(isWorthKeeping), ...before])].filter((name) => !gone.includes(name));
    const after = names.slice(0, NAMES_KEPT);
    if (JSON.stringify(after) !== JSON.stringify(before)) this.#write({ ...known, [kind]: after });
  }

  get #path(): string {
    return join(this.#directory, "names.json");
  }

  #read(): Partial<Record<NameKind, readonly string[]>> {
    try {
      const content = Object(JSON.parse(readFileSync(this.#path, "utf8"))) as Partial<Record<NameKind, unknown>>;
      return Object.fromEntries(KINDS.map((kind) => [kind, namesIn(content[kind])]));
    } catch {
      return {}; // none yet, or half of one
    }
  }

  #write(names: Partial<Record<NameKind, readonly string[]>>): void {
    try {
      ensurePrivateDirectory(this.#directory, this.#userId);
      const draft = `${this.#path}.${process.pid}`;
      writeFileSync(draft, JSON.stringify(names), { mode: 0o600 });
      renameSync(draft, this.#path); // another shell may be reading it
    } catch {
      // no command fails for want of it
    }
  }
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === "string").filter(isWorthKeeping) : [];
}

/** Foreign text: what a terminal would obey is left out, and so is what a command would take for a flag. */
function isWorthKeeping(name: string): boolean {
  return name !== "" && name.length <= LONGEST_NAME && !name.startsWith("-") && printable(name) === name;
}

/** The same AWS, whose answers leave their names behind. */
export function rememberingNames(aws: Aws, names: Pick<RememberedNames, "remember">): Aws {
  return {
    ...aws,
    async findInstancesByName(name) {
      const instances = await aws.findInstancesByName(name);
      names.remember("bastion", namesOf(instances), instances.every(isGone) ? [name] : []);
      return instances;
    },
    async findInstanceById(instanceId) {
      const instance = await aws.findInstanceById(instanceId);
      names.remember("bastion", namesOf(instance === undefined ? [] : [instance]));
      return instance;
    },
    async listInstanceNames() {
      const found = await aws.listInstanceNames();
      names.remember("bastion", found);
      return found;
    },
    async listDatabases() {
      const databases = await aws.listDatabases();
      names.remember("rds", databases.map(callNameOf));
      return databases;
    },
    async listCaches() {
      const caches = await aws.listCaches();
      names.remember("cache", caches.map(callNameOf));
      return caches;
    },
  };
}

function namesOf(instances: readonly Instance[]): string[] {
  return instances.filter((instance) => !isGone(instance)).flatMap(({ name }) => name ?? []);
}

function isGone({ state }: Instance): boolean {
  return state === "terminated";
}
