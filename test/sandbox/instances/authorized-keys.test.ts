import { describe, expect, it } from "@jest/globals";
import { AuthorizedKeys } from "../../../sandbox/instances/authorized-keys.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFwwAYC1rtAdkazygBHaY/wCyeGN74LxlZmsbKXoR1/F";
const ACCOUNT = { instanceId: "i-0123456789abcdef0", osUser: "ec2-user" };

describe("AuthorizedKeys", () => {
  it("holds a key for 60 s, less nothing and plus nothing", async () => {
    const clock = new FakeClock();
    const keys = new AuthorizedKeys(clock);
    keys.authorize({ ...ACCOUNT, publicKey: `${KEY} a comment` });
    await clock.advance(59_999);
    expect(keys.valid(ACCOUNT.instanceId, "ec2-user")).toEqual([KEY]);
    await clock.advance(1);
    expect(keys.valid(ACCOUNT.instanceId, "ec2-user")).toEqual([]);
  });

  it("starts the 60 s anew when the key is sent again, and holds it once", async () => {
    const clock = new FakeClock();
    const keys = new AuthorizedKeys(clock);
    keys.authorize({ ...ACCOUNT, publicKey: KEY });
    await clock.advance(45_000);
    keys.authorize({ ...ACCOUNT, publicKey: KEY });
    await clock.advance(59_999);
    expect(keys.valid(ACCOUNT.instanceId, "ec2-user")).toEqual([KEY]);
  });

  it("holds it for that OS user on that instance only", () => {
    const keys = new AuthorizedKeys(new FakeClock());
    keys.authorize({ ...ACCOUNT, publicKey: KEY });
    expect([keys.valid(ACCOUNT.instanceId, "root"), keys.valid("i-0fedcba9876543210", "ec2-user")]).toEqual([[], []]);
  });

  it("tells listeners, with the key in the form of authorized_keys", () => {
    const keys = new AuthorizedKeys(new FakeClock());
    const heard: unknown[] = [];
    keys.onAuthorized((authorization) => heard.push(authorization));
    keys.authorize({ ...ACCOUNT, publicKey: `${KEY}\n` });
    expect(heard).toEqual([{ ...ACCOUNT, publicKey: KEY }]);
  });

  it("holds the newest 100 keys of an account", () => {
    const keys = new AuthorizedKeys(new FakeClock());
    for (let index = 0; index < 101; index++) {
      keys.authorize({ ...ACCOUNT, publicKey: `ssh-rsa ${Buffer.from([index]).toString("base64")}` });
    }
    const valid = keys.valid(ACCOUNT.instanceId, "ec2-user");
    expect([valid.length, valid[0]]).toEqual([100, "ssh-rsa AQ=="]);
  });

  it.each([
    ["an option before it", `command="sh" ${KEY}`],
    ["a second line", `${KEY}\n${KEY}`],
    ["a type that EC2 Instance Connect refuses", "ecdsa-sha2-nistp256 AAAA"],
    ["nothing", ""],
  ])("fails for a key with %s", (_name, publicKey) => {
    const keys = new AuthorizedKeys(new FakeClock());
    expect(() => {
      keys.authorize({ ...ACCOUNT, publicKey });
    }).toThrow(TypeError);
  });

  it.each(["", "../root", "a b", "x".repeat(33), "-l"])("fails for %j as an OS user", (osUser) => {
    const keys = new AuthorizedKeys(new FakeClock());
    expect(() => {
      keys.authorize({ ...ACCOUNT, osUser, publicKey: KEY });
    }).toThrow(TypeError);
  });
});
