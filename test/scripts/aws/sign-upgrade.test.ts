// The signature of the data channel's upgrade request, checked by a signer written from the specification.
import { describe, expect, it } from "@jest/globals";
import { createHash, createHmac } from "node:crypto";
import { signUpgrade } from "../../../scripts/aws/sign-upgrade.ts";

const url = new URL(
  "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/ann-0abc?role=publish_subscribe&cell-number=AA%2B",
);
const keys = { accessKeyId: "AKIA0", secretAccessKey: "secret" };
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

const sign = (more: object = {}) =>
  signUpgrade(url, { region: "eu-west-1", credentials: () => Promise.resolve({ ...keys, ...more }), nowMs });

/** Signature Version 4 of this one request, step by step. @see AWS, "Create a signed AWS API request" */
function expectedSignature(signedHeaders: Readonly<Record<string, string>>): string {
  const names = Object.keys(signedHeaders);
  const canonicalRequest = [
    "GET",
    "/v1/data-channel/ann-0abc",
    "cell-number=AA%2B&role=publish_subscribe",
    ...names.map((name) => `${name}:${signedHeaders[name] ?? ""}`),
    "",
    names.join(";"),
    createHash("sha256").update("").digest("hex"),
  ].join("\n");
  const scope = "20260102/eu-west-1/ssmmessages/aws4_request";
  const hashed = createHash("sha256").update(canonicalRequest).digest("hex");
  const text = `AWS4-HMAC-SHA256\n20260102T030405Z\n${scope}\n${hashed}`;
  const key = scope
    .split("/")
    .reduce<Buffer>((hmac, part) => createHmac("sha256", hmac).update(part).digest(), Buffer.from("AWS4secret"));
  return createHmac("sha256", key).update(text).digest("hex");
}

describe("signUpgrade()", () => {
  it("signs host and date with the service ssmmessages", async () => {
    const signature = expectedSignature({ host: url.host, "x-amz-date": "20260102T030405Z" });
    await expect(sign()).resolves.toEqual({
      "x-amz-date": "20260102T030405Z",
      authorization: `AWS4-HMAC-SHA256 Credential=AKIA0/20260102/eu-west-1/ssmmessages/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    });
  });

  it("signs the token of temporary credentials too", async () => {
    const signature = expectedSignature({
      host: url.host,
      "x-amz-date": "20260102T030405Z",
      "x-amz-security-token": "token",
    });
    const headers = await sign({ sessionToken: "token" });
    expect(headers["x-amz-security-token"]).toBe("token");
    expect(headers["authorization"]).toContain(
      `SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=${signature}`,
    );
  });

  it("signs nothing without credentials", async () => {
    const credentials = () => Promise.reject(new Error("none"));
    await expect(signUpgrade(url, { region: "eu-west-1", credentials, nowMs })).resolves.toEqual({});
  });
});
