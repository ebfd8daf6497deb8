// Where the commands keep what is theirs.
import { describe, expect, it } from "@jest/globals";
import { privateDirectories } from "../../../scripts/platform/directory-places.ts";

const places = { environment: {}, home: "/home/ann", temporary: "/tmp", userId: 1000 };

describe("privateDirectories()", () => {
  it("follows the XDG variables", () => {
    const environment = { XDG_STATE_HOME: "/state", XDG_RUNTIME_DIR: "/run/user/1000" };
    expect(privateDirectories({ ...places, environment })).toEqual({
      state: "/state/isolated-bastion",
      runtime: "/run/user/1000/isolated-bastion",
    });
  });

  it("falls back on the home, and on a directory of the user's in the temporary one", () => {
    expect(privateDirectories(places)).toEqual({
      state: "/home/ann/.local/state/isolated-bastion",
      runtime: "/tmp/isolated-bastion-1000",
    });
  });

  it("takes the folder of the user's that Windows keeps on this computer", () => {
    const environment = { LOCALAPPDATA: "C:\\Users\\Ann Lee\\AppData\\Local", XDG_STATE_HOME: "/state" };
    expect(privateDirectories({ ...places, environment, userId: undefined })).toEqual({
      state: "C:\\Users\\Ann Lee\\AppData\\Local\\isolated-bastion",
      runtime: "C:\\Users\\Ann Lee\\AppData\\Local\\isolated-bastion\\running",
    });
  });

  it("ignores a relative path, as the specification asks", () => {
    const environment = { XDG_STATE_HOME: "state", XDG_RUNTIME_DIR: "" };
    expect(privateDirectories({ ...places, environment })).toEqual(privateDirectories(places));
  });
});
