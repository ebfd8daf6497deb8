// How a person may name a bastion.
import { describe, expect, it } from "@jest/globals";
import { parseBastionTarget } from "../../../scripts/bastion/bastion-target.ts";

describe("parseBastionTarget()", () => {
  it.each([
    ["bastion", { word: "bastion", instanceId: undefined, osUser: undefined }],
    ["ubuntu@bastion", { word: "bastion", instanceId: undefined, osUser: "ubuntu" }],
    ["i-0123456789abcdef0", { word: "i-0123456789abcdef0", instanceId: "i-0123456789abcdef0", osUser: undefined }],
    ["ann@i-01234567", { word: "i-01234567", instanceId: "i-01234567", osUser: "ann" }],
    ["i-love-bastions", { word: "i-love-bastions", instanceId: undefined, osUser: undefined }],
    ["a@b@c", { word: "b@c", instanceId: undefined, osUser: "a" }],
  ])("reads %s", (word, target) => {
    expect(parseBastionTarget(word, undefined)).toEqual(target);
  });

  it("takes the whole word for the name when a flag gives the OS user", () => {
    expect(parseBastionTarget("team@bastion", "ubuntu")).toMatchObject({ word: "team@bastion", osUser: "ubuntu" });
  });

  it.each(["-oProxyCommand=x@bastion", "@bastion", "a b@bastion", "a;b@bastion", "a\u001b@bastion"])(
    "fails with 64 for the OS user in %j",
    (word) => {
      expect(() => parseBastionTarget(word, undefined)).toThrow(expect.objectContaining({ exitCode: 64 }));
    },
  );
});
