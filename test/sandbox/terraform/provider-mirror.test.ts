// The provider mirror: found where it is, refused where it is none, and read by Terraform as written.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  AWS_PROVIDER_VERSION,
  cliConfiguration,
  findProviderMirror,
  MIRROR_ROOTS,
  terraformPlatform,
} from "../../../sandbox/terraform/provider-mirror.ts";

const provider = "registry.terraform.io/hashicorp/aws";
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mirror-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function makeUnpacked(mirror: string, version: string = AWS_PROVIDER_VERSION, platform = "linux_amd64"): void {
  mkdirSync(join(mirror, provider, version, platform), { recursive: true });
}

function makePacked(mirror: string): void {
  const file = join(mirror, provider, `terraform-provider-aws_${AWS_PROVIDER_VERSION}_linux_amd64.zip`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
}

function find(environment: Record<string, string> = {}, roots: readonly string[] = [directory]): string | undefined {
  return findProviderMirror({ environment, home: join(directory, "home"), platform: "linux_amd64", roots });
}

describe("findProviderMirror()", () => {
  it("finds a root that is a mirror itself", () => {
    makeUnpacked(directory);
    expect(find()).toBe(directory);
  });

  it("finds a mirror of unpacked providers one folder below a root", () => {
    makeUnpacked(join(directory, "plugins"));
    expect(find()).toBe(join(directory, "plugins"));
  });

  it("finds a mirror of packed providers, as `terraform providers mirror` makes it", () => {
    makePacked(join(directory, "plugins"));
    expect(find()).toBe(join(directory, "plugins"));
  });

  it("passes over cdktf's plugin cache, from which Terraform refuses to install", () => {
    makeUnpacked(join(directory, "plugin-cache"));
    expect(find()).toBeUndefined();
  });

  it("looks no deeper than one folder", () => {
    makeUnpacked(join(directory, "some", "plugins"));
    expect(find()).toBeUndefined();
  });

  it("takes the person's home for ~", () => {
    makeUnpacked(join(directory, "home", "terraform", "plugins"));
    expect(find({}, ["~/terraform"])).toBe(join(directory, "home", "terraform", "plugins"));
  });

  it("passes over a mirror that has another version only", () => {
    makeUnpacked(join(directory, "a-old"), "5.99.0");
    makeUnpacked(join(directory, "b-new"));
    expect(find()).toBe(join(directory, "b-new"));
  });

  it("passes over a mirror for another kind of computer", () => {
    makeUnpacked(directory, AWS_PROVIDER_VERSION, "darwin_arm64");
    expect(find()).toBeUndefined();
  });

  it("passes over roots that do not exist and files among the folders", () => {
    writeFileSync(join(directory, "file"), "");
    expect(find({}, [join(directory, "none"), directory])).toBeUndefined();
  });

  it("takes TF_PLUGIN_MIRROR before what it would find", () => {
    makeUnpacked(join(directory, "found"));
    makeUnpacked(join(directory, "named", "deep"));
    expect(find({ TF_PLUGIN_MIRROR: join(directory, "named", "deep") })).toBe(join(directory, "named", "deep"));
  });

  it("treats an empty TF_PLUGIN_MIRROR as none", () => {
    expect(find({ TF_PLUGIN_MIRROR: "" })).toBeUndefined();
  });

  it("fails with exit status 66 and the way to make one when TF_PLUGIN_MIRROR is no mirror", () => {
    makeUnpacked(join(directory, "found"));
    const wrong = join(directory, "wrong");
    expect(() => find({ TF_PLUGIN_MIRROR: wrong })).toThrow(
      expect.objectContaining({
        name: "UserError",
        message: `cannot use TF_PLUGIN_MIRROR: "${wrong}" holds no ${provider} ${AWS_PROVIDER_VERSION} for linux_amd64`,
        hint: expect.stringContaining("terraform providers mirror") as unknown,
        exitCode: 66,
      }),
    );
  });

  it("has Terraform's own plugin folders among the roots", () => {
    expect(MIRROR_ROOTS).toEqual(
      expect.arrayContaining(["~/.terraform.d", "/usr/local/share/terraform", "/usr/share/terraform"]),
    );
  });
});

describe("terraformPlatform()", () => {
  it.each([
    ["linux", "x64", "linux_amd64"],
    ["linux", "arm64", "linux_arm64"],
    ["darwin", "arm64", "darwin_arm64"],
  ] as const)("calls %s on %s %s", (platform, architecture, name) => {
    expect(terraformPlatform(platform, architecture)).toBe(name);
  });
});

describe("cliConfiguration()", () => {
  it("takes the AWS provider from the mirror and from nowhere else", () => {
    expect(cliConfiguration("/a folder/plugins")).toBe(
      [
        "provider_installation {",
        "  filesystem_mirror {",
        '    path    = "/a folder/plugins"',
        '    include = ["registry.terraform.io/hashicorp/aws"]',
        "  }",
        "  direct {",
        '    exclude = ["registry.terraform.io/hashicorp/aws"]',
        "  }",
        "}",
        "",
      ].join("\n"),
    );
  });
});
