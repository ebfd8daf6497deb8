// The Checkov gate's judgement, on reports as Checkov writes them.
import { describe, expect, it } from "@jest/globals";
import { exceptionsOf, judge, type CheckovReport, type Exception } from "../checkov/judge.ts";

const good: CheckovReport = {
  check_type: "terraform_json",
  summary: { passed: 10, failed: 0, parsing_errors: 0 },
  results: { failed_checks: [] },
};
const failing = (resource: string): CheckovReport => ({
  ...good,
  summary: { passed: 10, failed: 1, parsing_errors: 0 },
  results: { failed_checks: [{ check_id: "CKV_AWS_144", resource, check_name: "replication" }] },
});
const exception: Exception = { address: "aws_s3_bucket.bucket", checkId: "CKV_AWS_144", reason: "kept in one Region" };
const judged = (report: CheckovReport, exceptions: readonly Exception[] = []): string[] =>
  judge(report, { framework: "terraform_json", passedAtLeast: 10, exceptions });

describe("judge()", () => {
  it("has nothing against a report without failures", () => {
    expect(judged(good)).toEqual([]);
  });

  it("refuses the report of a folder in which Checkov found nothing, though that passes with status 0", () => {
    expect(judged({})).toEqual(['Checkov has read nothing as terraform_json: it says "nothing"']);
  });

  it("refuses the report of another framework", () => {
    expect(judged({ ...good, check_type: "terraform" })).toHaveLength(1);
  });

  it("refuses a file that Checkov could not parse, though that passes with status 0 too", () => {
    const report = { ...good, summary: { passed: 10, failed: 0, parsing_errors: 1 } };
    expect(judged(report)).toEqual(["Checkov could not parse 1 file(s)"]);
  });

  it("refuses fewer passed checks than there were", () => {
    const report = { ...good, summary: { passed: 9, failed: 0, parsing_errors: 0 } };
    expect(judged(report)).toEqual(["only 9 checks passed, where 10 did: something is not read any more"]);
  });

  it("refuses a failed check", () => {
    expect(judged(failing("aws_s3_bucket.bucket"))).toEqual(["CKV_AWS_144 failed: aws_s3_bucket.bucket: replication"]);
  });

  it.each(["aws_s3_bucket.bucket", "resource.bucket"])("excuses %s, as newer and older checks name it", (resource) => {
    expect(judged(failing(resource), [exception])).toEqual([]);
  });

  it.each(["aws_s3_bucket.other", "resource.other", "aws_sns_topic.bucket"])("does not excuse %s", (resource) => {
    expect(judged(failing(resource), [exception])).toHaveLength(2);
  });

  it("refuses an exception that excuses nothing any more", () => {
    expect(judged(good, [exception])).toEqual([
      "CKV_AWS_144 does not fail on aws_s3_bucket.bucket any more: take its exception out",
    ]);
  });

  it("refuses an exception without a reason", () => {
    expect(judged(failing("aws_s3_bucket.bucket"), [{ ...exception, reason: " " }])).toEqual([
      "the exception of aws_s3_bucket.bucket from CKV_AWS_144 has no reason",
    ]);
  });
});

describe("exceptionsOf()", () => {
  it("reads exceptions from beside the resources", () => {
    const skip = [{ id: "CKV_AWS_144", comment: "kept in one Region" }];
    expect(
      exceptionsOf({ resource: { aws_s3_bucket: { bucket: { "//": { checkov: { skip } } }, other: {} } } }),
    ).toEqual([exception]);
  });
});
