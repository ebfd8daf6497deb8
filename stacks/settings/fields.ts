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

export const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);
