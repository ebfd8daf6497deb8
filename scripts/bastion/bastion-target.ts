// How a person names a bastion: [user@]<Name tag or instance id>.
import { usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";

export interface BastionTarget {
  /** Name tag or instance id, as it was written. */
  readonly word: string;
  /** Set when the word is an instance id. */
  readonly instanceId: string | undefined;
  /** Undefined means the image's own. */
  readonly osUser: string | undefined;
}

/** @see EC2 API reference: 8 hexadecimal digits for old instances, 17 since 2016 */
const INSTANCE_ID = /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;
/** What useradd(8) takes, and what neither ssh nor a shell could misread. */
const OS_USER = /^[a-z_][a-z0-9_.-]{0,31}$/i;
const USER_BEFORE_NAME = /^(?<user>[^@]*)@(?<name>.+)$/s;

/**
 * Reads it. With `osUser` given by flag the whole word is the name: a Name tag may hold an @ itself.
 *
 * @throws UserError (64) when the OS user cannot be one
 */
export function parseBastionTarget(word: string, osUser: string | undefined): BastionTarget {
  const { user, name } = osUser === undefined ? (USER_BEFORE_NAME.exec(word)?.groups ?? {}) : {};
  const named = name ?? word;
  return {
    word: named,
    instanceId: isInstanceId(named) ? named : undefined,
    osUser: checkedOsUser(osUser ?? user),
  };
}

/** Whether it is an id, and not a Name tag. */
export function isInstanceId(word: string): boolean {
  return INSTANCE_ID.test(word);
}

function checkedOsUser(osUser: string | undefined): string | undefined {
  if (osUser === undefined || OS_USER.test(osUser)) return osUser;
  throw usageError(
    `cannot use OS user ${quoted(osUser)}: a user's name has letters, digits and _ . -, at most 32`,
    "write user@bastion, or --os-user USER",
  );
}
