// Where the state lives: what settings and environment make of the backend.
import { describe, expect, it } from "@jest/globals";
import { stateBucketApp } from "../../stacks/apps.ts";
import { synthesize, type Synthesized } from "./synthesized.ts";

const backendOf = ({ json }: Synthesized): unknown => json.terraform?.backend;
const named = { state_bucket: "company-state" };

describe("the backend", () => {
  it("is S3 with a lock file, and leaves encryption to the bucket's own key", () => {
    expect(backendOf(synthesize(named, { environment: {} }))).toEqual({
      s3: { bucket: "company-state", key: "bastion/sandbox-dev.tfstate", use_lockfile: true },
    });
  });

  it("takes key and Region from the settings", () => {
    const settings = { ...named, state_key: "team/bastion.tfstate", state_region: "us-east-1" };
    expect(backendOf(synthesize(settings, { environment: {} }))).toMatchObject({
      s3: { key: "team/bastion.tfstate", region: "us-east-1" },
    });
  });

  it("takes aws_region where no state_region is named", () => {
    expect(backendOf(synthesize({ ...named, aws_region: "eu-west-1" }, { environment: {} }))).toMatchObject({
      s3: { region: "eu-west-1" },
    });
  });

  it("obeys the environment before the settings, so that a sandbox never writes to a real bucket", () => {
    const settings = { ...named, state_key: "real", state_region: "us-east-1" };
    const environment = { STATE_BUCKET: "sandbox-state", STATE_KEY: "trial", STATE_REGION: "eu-west-1" };
    expect(backendOf(synthesize(settings, { environment }))).toMatchObject({
      s3: { bucket: "sandbox-state", key: "trial", region: "eu-west-1" },
    });
  });

  it.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])("puts the bucket into the path with %s", (name) => {
    const environment = { [name]: "http://127.0.0.1:5000" };
    expect(backendOf(synthesize(named, { environment }))).toMatchObject({ s3: { use_path_style: true } });
  });

  it("holds neither the endpoint nor keys, which Terraform reads itself", () => {
    const environment = { AWS_ENDPOINT_URL: "http://127.0.0.1:5000", AWS_SECRET_ACCESS_KEY: "hush" };
    expect(JSON.stringify(synthesize(named, { environment }).json)).not.toMatch(/127\.0\.0\.1|hush/);
  });

  it("keeps the state of another environment under another key", () => {
    const environment = { ENVIRONMENT: "prod" };
    const prod = synthesize(named, { environment, file: "prod.tfvars.json" });
    expect(backendOf(prod)).toMatchObject({ s3: { key: "bastion/sandbox-prod.tfstate" } });
  });

  it("is a file in the project with STATE_BACKEND=local, by a relative path", () => {
    expect(backendOf(synthesize())).toEqual({
      local: { path: "../../../terraform.bastion.sandbox-dev.tfstate" },
    });
  });

  it("never takes the bastion's key for the state bucket's stack", () => {
    const environment = { STATE_KEY: "bastion/sandbox-dev.tfstate" };
    const stateBucket = synthesize({ ...named, state_key: "real" }, { environment, app: stateBucketApp });
    expect(backendOf(stateBucket)).toMatchObject({ s3: { key: "bastion/sandbox-state-bucket.tfstate" } });
  });

  it("fails with exit status 65, the command that makes a bucket and the lines to add when there is none", () => {
    const { exitCode, complaint } = synthesize({}, { environment: {} });
    expect(complaint).toContain("stacks: error: state_bucket: no bucket is named for Terraform's state\n");
    expect(complaint).toContain("stacks: hint: npm run state-bucket ");
    expect(complaint).toContain('stacks: hint:   "state_bucket": ');
    expect(exitCode).toBe(65);
  });

  it("fails when STATE_BACKEND is something else", () => {
    const { exitCode, complaint } = synthesize(named, { environment: { STATE_BACKEND: "gcs" } });
    expect(complaint).toBe(
      'stacks: error: STATE_BACKEND: "gcs" is not "s3" or "local"\nstacks: hint: unset STATE_BACKEND\n',
    );
    expect(exitCode).toBe(65);
  });
});
