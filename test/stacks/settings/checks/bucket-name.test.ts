import { describe, expect, it } from "@jest/globals";
import { resources, synthesize } from "../../synthesized.ts";

const MAX_CHARACTERS = 63;

/** The name that the stack's bucket would have, in the Region with the longest name. */
function nameIn(stack: string, settings: object): string {
  const synthesized = synthesize(settings, { stack });
  const [bucket] = Object.values(resources(synthesized, "aws_s3_bucket"));
  if (bucket === undefined) throw new Error(synthesized.complaint);
  return String(bucket["bucket"])
    .replace(/\$\{data\.aws_caller_identity\.[^}]+\}/, "111122223333")
    .replace(/\$\{data\.aws_region\.[^}]+\}/, "ap-southeast-1");
}

describe.each([
  ["session-preferences", "session_preferences.s3_logs", 26, { session_preferences: { s3_logs: true } }],
  ["audit", "audit.trail", 29, { audit: { trail: {} } }],
])("the bucket of the stack %s", (stack, key, longest, settings) => {
  const named = (characters: number): object => {
    const target_environment = "production";
    return { ...settings, target_environment, tag_application: "a".repeat(characters - target_environment.length - 1) };
  };

  it("has a name that S3 takes, with the longest names of application and environment", () => {
    expect(nameIn(stack, named(longest))).toHaveLength(MAX_CHARACTERS);
  });

  it("is refused with names that are a character longer, by the key that asks for it", () => {
    const { exitCode, complaint } = synthesize(named(longest + 1));
    expect(exitCode).toBe(65);
    expect(complaint).toContain(`"${key}": the name of its bucket would be too long with "aaa`);
    expect(complaint).toContain(`stacks: hint: shorten tag_application or target_environment to ${longest} characters`);
  });
});
