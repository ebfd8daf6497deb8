// The bastion in somebody else's CDKTF app: typed settings in, and all that belongs to it out.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider/index.js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { IsolatedBastion, SettingsError, completeSettings } from "../../stacks/index.ts";
import type { TerraformJson } from "./synthesized.ts";

let outdir: string;

beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), "other-app-"));
});
afterEach(() => {
  rmSync(outdir, { recursive: true });
});

/** A stack with two bastions, as another team might write it. */
function synthesizeTwo(): { json: TerraformJson; bastions: IsolatedBastion[] } {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, "platform");
  new AwsProvider(stack, "aws", { region: "eu-central-1" });
  const bastions = ["billing", "orders"].map(
    (team) => new IsolatedBastion(stack, team, { settings: completeSettings({ tag_application: team }) }),
  );
  app.synth();
  const text = readFileSync(join(outdir, "stacks", "platform", "cdk.tf.json"), "utf8");
  return { json: JSON.parse(text) as TerraformJson, bastions };
}

describe("IsolatedBastion", () => {
  it("may stand in any stack, more than once", () => {
    const { json, bastions } = synthesizeTwo();
    const instances = Object.values(json.resource?.["aws_instance"] ?? {});
    expect(instances.map(({ tags }) => tags)).toEqual([
      { Name: "billing-dev-bastion-host" },
      { Name: "orders-dev-bastion-host" },
    ]);
    expect(Object.keys(json.resource?.["aws_vpc_endpoint"] ?? {})).toHaveLength(6);
    expect(bastions.map(({ name }) => name)).toEqual(["billing-dev-bastion-host", "orders-dev-bastion-host"]);
  });

  it("refuses what a settings file may not say either, with the cure", () => {
    const wrong = (): unknown => completeSettings({ tag_application: "billing", vpc_cidr: "10.0.0.1/28" });
    expect(wrong).toThrow(SettingsError);
    expect(wrong).toThrow('settings: "vpc_cidr": "10.0.0.1/28" begins inside a block, not at its start');
  });
});
