// Kinds of values that several settings have.
import { z } from "zod";
import { parseCidr } from "../network/cidr.ts";

/** Finishes the sentence `"key": value …`. */
export const isNot = (what: string): { error: string } => ({ error: `is not ${what}` });

/** An IPv4 block; whether it begins at its start is checked where all settings are known. */
export const cidr = z.string().refine((text) => parseCidr(text) !== undefined, isNot("an IPv4 CIDR block"));

/** A name that becomes part of AWS's names. */
export function label(maxCharacters: number): z.ZodString {
  const rule = `lower-case letters, digits and hyphens, begun by a letter, at most ${maxCharacters} characters`;
  return z
    .string()
    .regex(/^[a-z](-?[a-z0-9])*$/, isNot(rule))
    .max(maxCharacters, isNot(rule));
}

export const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, isNot('an AWS Region such as "eu-central-1"'));

export const bucketName = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, isNot("the name of an S3 bucket"));

/** The shortest that an auditor accepts. */
const SHORTEST_RETENTION_DAYS = 365;
/** Those of CloudWatch's that are a year or more. */
const RETENTION_DAYS = [365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** How long a log is kept. */
export const retentionDays = z
  .int(isNot("a whole number"))
  .refine((days) => RETENTION_DAYS.includes(days), isNot(`one of CloudWatch's ${RETENTION_DAYS.join(", ")}`))
  .default(SHORTEST_RETENTION_DAYS);

export const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);
