// What the proof says of one link: it holds and on what, it is broken and by what, or it lies outside the stack.
import type { Block } from "./terraform-model.ts";

/** What an SSM Agent needs in order to register, in the order in which it would miss it. */
export const LINKS = [
  "instance-role",
  "role-permissions",
  "subnet",
  "way-out",
  "dns",
  "instance-security-groups",
  "endpoint-security-groups",
  "endpoint-policy",
  "network-acl",
  "order-of-creation",
] as const;

export type Link = (typeof LINKS)[number];

export type Finding =
  | {
      readonly verdict: "held";
      /** What it rests on: at least one resource of each group must exist before the instance. */
      readonly restsOn: readonly (readonly Block[])[];
    }
  | {
      readonly verdict: "broken";
      readonly link: Link;
      /** What was met, with the addresses of what is in the way. */
      readonly met: string;
      readonly cure: string;
    }
  | {
      readonly verdict: "outside";
      /** What cannot be read from the stack. */
      readonly what: string;
    };

export type Broken = Extract<Finding, { verdict: "broken" }>;

export function held(...restsOn: readonly (readonly Block[])[]): Finding {
  return { verdict: "held", restsOn };
}

export function broken(link: Link, met: string, cure: string): Broken {
  return { verdict: "broken", link, met, cure };
}

export function outside(what: string): Finding {
  return { verdict: "outside", what };
}

export function isBroken(finding: Finding): finding is Broken {
  return finding.verdict === "broken";
}
