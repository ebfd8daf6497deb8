// How a command line is read, and what a slip in it is told.
import { describe, expect, it } from "@jest/globals";
import { readCommandLine } from "../../../scripts/command/command-line.ts";
import { UserError } from "../../../scripts/errors/user-error.ts";

const flags = { region: "text", "os-user": "text", debug: "switch" } as const;

function errorOf(...words: string[]): UserError {
  try {
    readCommandLine(words, flags);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new TypeError(`no UserError for ${words.join(" ")}`);
}

describe("readCommandLine()", () => {
  it("reads flags wherever they stand, with = and without", () => {
    const line = readCommandLine(["bastion", "--region=eu-west-1", "key", "--os-user", "ubuntu", "--debug"], flags);
    expect(line.positionals).toEqual(["bastion", "key"]);
    expect([line.text("region"), line.text("os-user"), line.isSet("debug")]).toEqual(["eu-west-1", "ubuntu", true]);
  });

  it("leaves what stands after the first -- untouched", () => {
    const line = readCommandLine(["bastion", "--", "--region", "-v", "--", "ls"], flags);
    expect(line.rest).toEqual(["--region", "-v", "--", "ls"]);
    expect(line.text("region")).toBeUndefined();
  });

  it("tells no -- from one with nothing behind it", () => {
    expect(readCommandLine(["bastion"], flags).rest).toBeUndefined();
    expect(readCommandLine(["bastion", "--"], flags).rest).toEqual([]);
  });

  it("takes the last value of a flag that is given twice", () => {
    expect(readCommandLine(["--region", "a-b-1", "--region", "c-d-2"], flags).text("region")).toBe("c-d-2");
  });

  it("keeps every value of a flag that is given several times", () => {
    expect(readCommandLine(["--region", "a", "--region=b"], flags).values("region")).toEqual(["a", "b"]);
    expect(readCommandLine([], flags).values("region")).toEqual([]);
  });

  it("reads an optional value, and tells one that is left out from a flag that is", () => {
    const optional = { rds: "optional", debug: "switch" } as const;
    const values = (...words: string[]) => readCommandLine(words, optional).values("rds");
    expect(values("--rds", "orders", "--debug")).toEqual(["orders"]);
    expect(values("--rds=orders")).toEqual(["orders"]);
    expect(values("--rds", "--debug")).toEqual([undefined]);
    expect(values("--debug", "orders")).toEqual([]);
    expect(readCommandLine(["--rds", "orders"], optional).positionals).toEqual([]);
  });

  it("fails with 64 and a suggestion for an unknown flag", () => {
    const error = errorOf("--regoin", "eu-west-1");
    expect(error.exitCode).toBe(64);
    expect(error.message).toBe('unknown flag "--regoin"');
    expect(error.hint).toContain('did you mean "--region"?');
  });

  it("fails for a flag that every object has", () => {
    expect(errorOf("--constructor").message).toBe('unknown flag "--constructor"');
  });

  it.each([["--region"], ["--region="]])("fails with 64 for %s without a value", (word) => {
    expect(errorOf(word)).toMatchObject({ exitCode: 64, message: 'cannot use "--region": its value is missing' });
  });

  it("fails when a flag stands where a value should", () => {
    expect(errorOf("--region", "--debug").message).toBe('cannot use "--region": its value is missing');
  });

  it("takes a value that begins with a dash after =", () => {
    expect(readCommandLine(["--region=-x"], flags).text("region")).toBe("-x");
  });

  it("fails with 64 for a value where none belongs", () => {
    expect(errorOf("--debug=yes")).toMatchObject({
      exitCode: 64,
      message: 'cannot use "--debug=yes": the flag takes no value',
    });
  });
});
