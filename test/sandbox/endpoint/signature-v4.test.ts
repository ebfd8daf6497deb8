// Signatures of AWS's own published examples, so that we do not only agree with a signer of the same understanding.
import { describe, expect, it } from "@jest/globals";
import {
  formatTimestamp,
  isSignedWith,
  readAuthorization,
  timestampMs,
  type Authorization,
  type SignedRequest,
} from "../../../sandbox/endpoint/signature-v4.ts";

const NOTHING = Buffer.alloc(0);
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET object" */
const s3Get: SignedRequest = {
  method: "GET",
  target: "/test.txt",
  headers: {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": EMPTY_SHA256,
    "x-amz-date": "20130524T000000Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
};
const S3_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
const presigned: SignedRequest = {
  method: "GET",
  target:
    "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  headers: { host: "examplebucket.s3.amazonaws.com" },
};

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
const iamList: SignedRequest = {
  method: "GET",
  target: "/?Action=ListUsers&Version=2010-05-08",
  headers: {
    host: "iam.amazonaws.com",
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    "x-amz-date": "20150830T123600Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, " +
      "SignedHeaders=content-type;host;x-amz-date, " +
      "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  },
};
const IAM_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

function authorizationOf(request: SignedRequest): Authorization {
  const authorization = readAuthorization(request);
  if (authorization === undefined || authorization === "incomplete") throw new Error("the example is not signed");
  return authorization;
}

function isSigned(request: SignedRequest, secret: string, body = NOTHING): boolean {
  return isSignedWith(secret, request, authorizationOf(request), body);
}

describe("isSignedWith()", () => {
  it.each([
    ["IAM's, in headers", iamList, IAM_SECRET],
    ["S3's, in headers", s3Get, S3_SECRET],
    ["S3's, presigned", presigned, S3_SECRET],
  ])("accepts AWS's own example: %s", (_, request, secret) => {
    expect(isSigned(request, secret)).toBe(true);
  });

  it.each([
    ["another secret key", iamList, "another", NOTHING],
    ["another method", { ...iamList, method: "POST" }, IAM_SECRET, NOTHING],
    ["another path", { ...iamList, target: "/other?Action=ListUsers&Version=2010-05-08" }, IAM_SECRET, NOTHING],
    ["another query", { ...iamList, target: "/?Action=DeleteUser&Version=2010-05-08" }, IAM_SECRET, NOTHING],
    ["another body", iamList, IAM_SECRET, Buffer.from("Action=DeleteUser")],
    [
      "a signed header that is changed",
      { ...iamList, headers: { ...iamList.headers, host: "evil" } },
      IAM_SECRET,
      NOTHING,
    ],
  ])("refuses %s", (_, request, secret, body) => {
    expect(isSigned(request, secret, body)).toBe(false);
  });

  it("takes the order of the query for nothing", () => {
    const reordered = { ...iamList, target: "/?Version=2010-05-08&Action=ListUsers" };
    expect(isSigned(reordered, IAM_SECRET)).toBe(true);
  });
});

describe("readAuthorization()", () => {
  it("reads key, scope and time of a header", () => {
    expect(authorizationOf(iamList)).toMatchObject({
      accessKeyId: "AKIDEXAMPLE",
      region: "us-east-1",
      service: "iam",
      timestamp: "20150830T123600Z",
      signedHeaders: ["content-type", "host", "x-amz-date"],
      expiresSeconds: undefined,
    });
  });

  it("reads how long a presigned request is valid", () => {
    expect(authorizationOf(presigned).expiresSeconds).toBe(86_400);
  });

  it("finds none in a request that is not signed", () => {
    expect(readAuthorization({ method: "GET", target: "/?a=b", headers: { host: "h" } })).toBeUndefined();
  });

  it.each([
    ["another algorithm", "Basic YTpi"],
    ["no signature", iamList.headers.authorization?.replace(/Signature=.*/, "")],
    ["a scope of another shape", iamList.headers.authorization?.replace("/aws4_request", "")],
    ["a date that the scope has not", iamList.headers.authorization?.replace("/20150830/", "/20150831/")],
    ["an unsigned host", iamList.headers.authorization?.replace("content-type;host;", "content-type;")],
  ])("calls a header incomplete that has %s", (_, authorization = "") => {
    expect(readAuthorization({ ...iamList, headers: { ...iamList.headers, authorization } })).toBe("incomplete");
  });
});

describe("timestamps", () => {
  it("are read and written in UTC", () => {
    expect(timestampMs("20150830T123600Z")).toBe(Date.UTC(2015, 7, 30, 12, 36));
    expect(formatTimestamp(Date.UTC(2015, 7, 30, 12, 36))).toBe("20150830T123600Z");
  });
});
