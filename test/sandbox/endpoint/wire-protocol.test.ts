// One error in each protocol of AWS.
import { describe, expect, it } from "@jest/globals";
import { AwsError } from "../../../sandbox/endpoint/aws-error.ts";
import { protocolOf, writeError } from "../../../sandbox/endpoint/wire-protocol.ts";

const error = new AwsError("InvalidThing", `<"a" & 'b'>`, 403);
const ESCAPED = "&#60;&#34;a&#34; &#38; &#39;b&#39;&#62;";

describe("writeError()", () => {
  it("writes __type and message where the protocol is json", () => {
    const { httpStatus, headers, body } = writeError("json", error, "id");
    expect(httpStatus).toBe(403);
    expect(headers["x-amzn-requestid"]).toBe("id");
    expect(JSON.parse(body)).toEqual({ __type: "InvalidThing", message: error.message });
  });

  it("writes the code into a header where the protocol is rest-json", () => {
    const { headers, body } = writeError("rest-json", error, "id");
    expect(headers["x-amzn-errortype"]).toBe("InvalidThing");
    expect(JSON.parse(body)).toEqual({ message: error.message });
  });

  it.each([
    ["query", "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidThing</Code>", "<RequestId>id</RequestId>"],
    ["ec2", "<Response><Errors><Error><Code>InvalidThing</Code>", "<RequestID>id</RequestID>"],
    ["rest-xml", "<Error><Code>InvalidThing</Code>", "<RequestId>id</RequestId>"],
  ] as const)("writes escaped XML where the protocol is %s", (protocol, beginning, requestId) => {
    const { body } = writeError(protocol, error, "id");
    expect(body).toContain(`${beginning}<Message>${ESCAPED}</Message>`);
    expect(body).toContain(requestId);
  });
});

describe("protocolOf()", () => {
  it.each([
    ["ec2", undefined, "ec2"],
    ["s3", undefined, "rest-xml"],
    ["ssm", "AmazonSSM.StartSession", "json"],
    ["sts", undefined, "query"],
    ["ssmmessages", undefined, "rest-json"],
  ])("of %s with the target %s is %s", (service, target, protocol) => {
    expect(protocolOf(service, target)).toBe(protocol);
  });
});
