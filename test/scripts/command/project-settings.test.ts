// Which of the deployment's settings the commands fall back on.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProjectSettings } from "../../../scripts/command/project-settings.ts";
import { targetDocumentName } from "../../../stacks/access/bastion-access.ts";
import { bastionName } from "../../../stacks/bastion/own-tags.ts";
import { readSettings } from "../../../stacks/settings.ts";

const project = join(import.meta.dirname, "..", "..", "..");

describe("readProjectSettings()", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "settings-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("reads Region and image of dev.tfvars.json, or of the environment's file", async () => {
    writeFileSync(join(root, "dev.tfvars.json"), '{"aws_region":"eu-west-1"}');
    writeFileSync(join(root, "prod.tfvars.json"), '{"aws_region":"us-east-1","image":"ubuntu"}');
    await expect(readProjectSettings(root, undefined)).resolves.toMatchObject({
      region: "eu-west-1",
      image: undefined,
    });
    await expect(readProjectSettings(root, "prod")).resolves.toMatchObject({ region: "us-east-1", image: "ubuntu" });
  });

  it("has none where the file does not exist", async () => {
    const nothing = {
      region: undefined,
      image: undefined,
      bastionName: undefined,
      targets: [],
      tunnelUser: undefined,
    };
    await expect(readProjectSettings(root, "prod")).resolves.toEqual(nothing);
  });

  it("names the bastion as the stack does, after the file where the settings name no environment", async () => {
    const base = JSON.parse(readFileSync(join(project, "dev.tfvars.json"), "utf8")) as Record<string, unknown>;
    for (const [environment, own] of [
      ["dev", {}],
      ["prod", { target_environment: "live", tag_application: "shop" }],
    ] as const) {
      writeFileSync(join(root, `${environment}.tfvars.json`), JSON.stringify({ ...base, ...own }));
      const stack = bastionName(readSettings(root, { ENVIRONMENT: environment }));
      expect((await readProjectSettings(root, environment)).bastionName).toBe(stack);
    }
  });

  it("reads the targets, and leaves out what is none", async () => {
    const target = { name: "orders", host: "db.internal", port: 5432 };
    const targets = [{ ...target, cidr: "10.0.0.0/24" }, { name: "half" }, null];
    writeFileSync(join(root, "dev.tfvars.json"), JSON.stringify({ targets }));
    expect((await readProjectSettings(root, undefined)).targets).toMatchObject([target]);
  });

  it("names the targets' documents as the stack does, where the settings make them", async () => {
    const targets = [{ name: "orders", host: "db.internal", port: 5432, cidr: "10.0.0.0/24" }];
    const documentNames = async (access: object | undefined): Promise<unknown[]> => {
      writeFileSync(join(root, "dev.tfvars.json"), JSON.stringify({ tag_application: "shop", targets, access }));
      return (await readProjectSettings(root, undefined)).targets.map(({ documentName }) => documentName);
    };
    expect(await documentNames({ policies: ["targets"] })).toEqual([targetDocumentName("shop-dev", "orders")]);
    expect(await documentNames({})).toEqual([undefined]);
    expect(await documentNames(undefined)).toEqual([undefined]);
  });

  it("reads no file outside the project, whatever ENVIRONMENT says", async () => {
    writeFileSync(join(root, "x.tfvars.json"), '{"aws_region":"eu-west-1"}');
    await expect(readProjectSettings(join(root, "below"), "../x")).resolves.toMatchObject({ region: undefined });
  });

  it.each([["null"], ["[]"], ["7"], ['{"aws_region":7}']])("has none in %s", async (content) => {
    writeFileSync(join(root, "dev.tfvars.json"), content);
    await expect(readProjectSettings(root, undefined)).resolves.toMatchObject({ region: undefined });
  });

  it("fails with 65 when the file is not JSON", async () => {
    writeFileSync(join(root, "dev.tfvars.json"), "aws_region = 1");
    await expect(readProjectSettings(root, undefined)).rejects.toMatchObject({
      exitCode: 65,
      message: 'cannot read "dev.tfvars.json": not JSON',
    });
  });
});
