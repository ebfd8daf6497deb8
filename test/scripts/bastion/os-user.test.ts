// Who to log in as when the person does not say.
import { describe, expect, it } from "@jest/globals";
import { defaultOsUser } from "../../../scripts/bastion/os-user.ts";

describe("defaultOsUser()", () => {
  it.each([
    ["al2023", "ec2-user"],
    ["al2", "ec2-user"],
    ["ubuntu", "ubuntu"],
    [undefined, "ec2-user"],
  ])("is, for the image %s, %s", (image, osUser) => {
    expect(defaultOsUser({ image })).toBe(osUser);
  });
});
