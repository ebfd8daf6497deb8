// Reads the members of an ssm request, and complains about them as the service does.
import { AwsError } from "../endpoint/aws-error.ts";

type Input = Readonly<Record<string, unknown>>;

export interface MemberLimits {
  /** Characters; at least one is asked for. */
  readonly maxLength?: number;
}

/** @throws AwsError ValidationException if it is missing, not a string or too long */
export function member(input: Input, name: string, limits: MemberLimits): string {
  const value = optionalMember(input, name, limits);
  if (value === undefined) throw invalid("null", name, "Member must not be null");
  return value;
}

/** @throws AwsError ValidationException if it is not a string or too long; SerializationException if it is none */
export function optionalMember(input: Input, name: string, { maxLength = Infinity }: MemberLimits): string | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new AwsError("SerializationException", "STRING_VALUE expected.");
  if (value === "") throw invalid(value, name, "Member must have length greater than or equal to 1");
  if (value.length > maxLength)
    throw invalid(value, name, `Member must have length less than or equal to ${maxLength}`);
  return value;
}

/**
 * The part of a list that `MaxResults` and `NextToken` ask for.
 *
 * @param maximum - items that one answer may hold
 * @throws AwsError InvalidNextToken
 */
export function page<Item>(
  items: readonly Item[],
  input: Input,
  maximum: number,
): { items: Item[]; nextToken?: string } {
  const token = optionalMember(input, "NextToken", {});
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64").toString());
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError("InvalidNextToken", "The specified token is not valid.");
  const asked = input["MaxResults"];
  const end = start + Math.min(maximum, typeof asked === "number" && asked > 0 ? asked : maximum);
  const part = items.slice(start, end);
  return end < items.length ? { items: part, nextToken: Buffer.from(String(end)).toString("base64") } : { items: part };
}

/** AWS writes the value and the member's path with a small first letter. */
function invalid(value: string, name: string, constraint: string): AwsError {
  const path = name.charAt(0).toLowerCase() + name.slice(1);
  const shown = value === "null" ? "null" : `'${value.slice(0, 500)}'`;
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value ${shown} at '${path}' failed to satisfy constraint: ${constraint}`,
  );
}
