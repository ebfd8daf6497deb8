// What is suggested for a word that fits nothing.
import { describe, expect, it } from "@jest/globals";
import { nearest } from "../../../scripts/command/did-you-mean.ts";

describe("nearest()", () => {
  it("finds a name with a slip in it", () => {
    expect(nearest("sandbox-dev-bastoin-host", ["sandbox-dev-bastion-host", "web"])).toEqual([
      "sandbox-dev-bastion-host",
    ]);
  });

  it("finds a long name by a piece of it", () => {
    expect(nearest("bastion", ["sandbox-dev-bastion-host"])).toEqual(["sandbox-dev-bastion-host"]);
  });

  it("does not mind upper case", () => {
    expect(nearest("BASTION", ["bastion"])).toEqual(["bastion"]);
  });

  it("names at most three, the nearest first, each once", () => {
    expect(nearest("host-1", ["host-3", "host-2", "host-1a", "host-2", "host-4"])).toHaveLength(3);
    expect(nearest("abcd", ["abxx", "abcx"])[0]).toBe("abcx");
  });

  it("says nothing when all are far", () => {
    expect(nearest("bastion", ["web", "database"])).toEqual([]);
  });
});
