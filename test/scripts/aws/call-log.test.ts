// What --debug shows of a call to AWS.
import { describe, expect, it } from "@jest/globals";
import { SSMClient, StartSessionCommand } from "@aws-sdk/client-ssm";
import { callLog } from "../../../scripts/aws/call-log.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function client(answer: () => Promise<{ statusCode: number; body: string }>) {
  const told: string[] = [];
  const requestHandler = {
    handle: async () => {
      const { statusCode, body } = await answer();
      const headers = { "x-amzn-requestid": "r-1", "content-type": "application/x-amz-json-1.1" };
      return { response: { statusCode, headers, body: Buffer.from(body) } };
    },
  };
  const credentials = { accessKeyId: "AKIA0", secretAccessKey: "top secret" };
  const ssm = new SSMClient({
    region: "eu-west-1",
    credentials,
    requestHandler: requestHandler as never,
    maxAttempts: 2,
  });
  callLog({ debug: (text) => told.push(text) }, new FakeClock())(ssm.middlewareStack);
  return { ssm, told };
}

const start = new StartSessionCommand({ Target: "i-0abc", Parameters: { command: ["a secret"] } });

describe("callLog()", () => {
  it("names operation, time, HTTP status and request id, and nothing that was sent or answered", async () => {
    const { ssm, told } = client(() => Promise.resolve({ statusCode: 200, body: '{"TokenValue":"a secret"}' }));
    await ssm.send(start);
    expect(told).toEqual(["SSM StartSession: answered after 0 ms (HTTP 200, request id r-1)"]);
  });

  it("names the error's name, and the attempts when there were several", async () => {
    const { ssm, told } = client(() => Promise.resolve({ statusCode: 500, body: '{"__type":"InternalServerError"}' }));
    await expect(ssm.send(start)).rejects.toThrow();
    expect(told).toEqual(["SSM StartSession: InternalServerError after 0 ms (HTTP 500, request id r-1, 2 attempts)"]);
  });
});
