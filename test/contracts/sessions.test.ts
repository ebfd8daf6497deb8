// Session Manager's calls: sessions begin, are listed, resumed and ended.
import {
  CreateDocumentCommand,
  DescribeSessionsCommand,
  ResumeSessionCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
  type StartSessionCommandOutput,
} from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";

let sandbox: TestSandbox;
let Target: string;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  ({ instanceId: Target } = await createIsolatedNetwork(sandbox, "sessions"));
}, OPEN_LIMIT_MS);

afterEach(() => {
  sandbox.endpoint.sessions.endAll(Target, "the test is over");
});

afterAll(async () => {
  await sandbox.close();
});

function start(change: Partial<StartSessionCommand["input"]> = {}): Promise<StartSessionCommandOutput> {
  return sandbox.ssm.send(new StartSessionCommand({ Target, DocumentName: "AWS-StartSSHSession", ...change }));
}

describe("StartSession with a document of the account's own", () => {
  const orders = {
    schemaVersion: "1.0",
    sessionType: "Port",
    parameters: { localPortNumber: { type: "String", allowedPattern: "[0-9]{1,5}", default: "0" } },
    properties: {
      host: "db.internal",
      portNumber: "5432",
      type: "LocalPortForwarding",
      localPortNumber: "{{ localPortNumber }}",
    },
  };

  beforeAll(async () => {
    const documents = { "own-port": orders, "own-shell": { schemaVersion: "1.0", sessionType: "Standard_Stream" } };
    for (const [Name, content] of Object.entries(documents))
      await sandbox.ssm.send(
        new CreateDocumentCommand({ Name, DocumentType: "Session", Content: JSON.stringify(content) }),
      );
  });

  it("forwards to the host and port in it, with the parameters that it declares", async () => {
    const { SessionId = "" } = await start({ DocumentName: "own-port", Parameters: { localPortNumber: ["6543"] } });
    expect(sandbox.endpoint.sessions.find(SessionId)).toMatchObject({
      documentName: "own-port",
      agentDocumentName: "AWS-StartPortForwardingSessionToRemoteHost",
      parameters: { host: ["db.internal"], portNumber: ["5432"], localPortNumber: ["6543"] },
    });
  });

  it.each([
    ["InvalidParameters", "for a host, which it has itself", "own-port", { host: ["other.internal"] }],
    ["InvalidParameters", "for a value that does not fit its whole pattern", "own-port", { localPortNumber: ["1;2"] }],
    ["UnmodelledRequest", "where there is none of that name", "own-nothing", {}],
    ["UnmodelledRequest", "for one that forwards no port", "own-shell", {}],
  ])("fails with %s %s", async (name, _, DocumentName, Parameters) => {
    await expect(start({ DocumentName, Parameters })).rejects.toMatchObject({ name });
  });
});

describe("StartSession", () => {
  it("answers with a session id that begins with the caller's name, a stream URL and a token", async () => {
    const { SessionId, StreamUrl, TokenValue } = await start();
    expect(SessionId).toMatch(/^deployer-[0-9a-f]{17}$/);
    const { host } = new URL(sandbox.endpoint.url);
    expect(StreamUrl).toBe(`ws://${host}/v1/data-channel/${SessionId ?? ""}?role=publish_subscribe`);
    expect(TokenValue).not.toHaveLength(0);
  });

  it("fills in what the document's parameters are by default", async () => {
    const { SessionId = "" } = await start();
    expect(sandbox.endpoint.sessions.find(SessionId)?.parameters).toEqual({ portNumber: ["22"] });
  });

  it("starts a shell when no document is named", async () => {
    const { SessionId = "" } = await sandbox.ssm.send(new StartSessionCommand({ Target }));
    expect(sandbox.endpoint.sessions.find(SessionId)?.documentName).toBe("SSM-SessionManagerRunShell");
  });

  it("fails with InvalidDocument for a document that AWS has not", async () => {
    await expect(start({ DocumentName: "AWS-StartNothing" })).rejects.toMatchObject({ name: "InvalidDocument" });
  });

  it.each([
    ["a parameter that the document has not", { host: ["db"] }],
    ["a port that is none", { portNumber: ["65536"] }],
    ["two values", { portNumber: ["22", "23"] }],
  ])("fails with InvalidParameters for %s", async (_, Parameters) => {
    await expect(start({ Parameters })).rejects.toMatchObject({ name: "InvalidParameters" });
  });

  it("fails with TargetNotConnected for an instance that there is not", async () => {
    const missing = "i-0000000000000000f";
    await expect(start({ Target: missing })).rejects.toMatchObject({
      name: "TargetNotConnected",
      message: `${missing} is not connected.`,
    });
  });

  it("fails with ValidationException for a target that is too long", async () => {
    await expect(start({ Target: "i".repeat(401) })).rejects.toMatchObject({ name: "ValidationException" });
  });
});

describe("ResumeSession", () => {
  it("gives a new token, which voids the one before", async () => {
    const first = await start();
    const SessionId = first.SessionId ?? "";
    const second = await sandbox.ssm.send(new ResumeSessionCommand({ SessionId }));
    expect(sandbox.endpoint.sessions.redeem(SessionId, first.TokenValue ?? "")).toBeUndefined();
    expect(sandbox.endpoint.sessions.redeem(SessionId, second.TokenValue ?? "")).toBeDefined();
  });

  it("gives no token for a session that is over", async () => {
    const { SessionId } = await start();
    await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
    const answer = await sandbox.ssm.send(new ResumeSessionCommand({ SessionId }));
    expect(answer.SessionId).toBe(SessionId);
    expect(answer.TokenValue).toBeUndefined();
  });

  it("fails with DoesNotExistException for a session that there is not", async () => {
    const resume = sandbox.ssm.send(new ResumeSessionCommand({ SessionId: "deployer-0" }));
    await expect(resume).rejects.toMatchObject({ name: "DoesNotExistException" });
  });
});

describe("TerminateSession", () => {
  it("ends the session", async () => {
    const { SessionId = "" } = await start();
    expect(await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }))).toMatchObject({ SessionId });
    expect(sandbox.endpoint.sessions.find(SessionId)?.status).toBe("Terminated");
  });

  it("fails with ValidationException for a session that is over", async () => {
    const { SessionId } = await start();
    await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
    const again = sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
    await expect(again).rejects.toMatchObject({ name: "ValidationException" });
  });
});

describe("DescribeSessions", () => {
  async function list(State: "Active" | "History", key?: string, value?: string): Promise<(string | undefined)[]> {
    const Filters = key === undefined ? undefined : [{ key: key as "Owner", value }];
    const { Sessions } = await sandbox.ssm.send(new DescribeSessionsCommand({ State, Filters }));
    return Sessions?.map(({ SessionId }) => SessionId) ?? [];
  }

  it("tells active sessions from the history", async () => {
    const { SessionId } = await start();
    expect(await list("Active")).toContain(SessionId);
    expect(await list("History")).not.toContain(SessionId);
    await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
    expect(await list("Active")).not.toContain(SessionId);
    expect(await list("History")).toContain(SessionId);
  });

  it("shows owner, document, reason and start", async () => {
    await start({ Reason: "a ticket" });
    const { Sessions } = await sandbox.ssm.send(new DescribeSessionsCommand({ State: "Active" }));
    expect(Sessions?.[0]).toMatchObject({
      Owner: "arn:aws:iam::123456789012:user/deployer",
      DocumentName: "AWS-StartSSHSession",
      Status: "Connected",
      Reason: "a ticket",
      Target,
    });
    expect(Sessions?.[0]?.StartDate).toBeInstanceOf(Date);
  });

  it("filters by target and owner", async () => {
    const { SessionId } = await start();
    expect(await list("Active", "Target", Target)).toEqual([SessionId]);
    expect(await list("Active", "Target", "i-0000000000000000f")).toEqual([]);
    expect(await list("Active", "Owner", "arn:aws:iam::123456789012:user/deployer")).toEqual([SessionId]);
  });

  it("goes through pages", async () => {
    const started = [await start(), await start(), await start()].map(({ SessionId }) => SessionId);
    const first = await sandbox.ssm.send(new DescribeSessionsCommand({ State: "Active", MaxResults: 2 }));
    const { NextToken } = first;
    const second = await sandbox.ssm.send(new DescribeSessionsCommand({ State: "Active", MaxResults: 2, NextToken }));
    const seen = [...(first.Sessions ?? []), ...(second.Sessions ?? [])].map(({ SessionId }) => SessionId);
    expect(seen).toEqual(started.reverse());
    expect(second.NextToken).toBeUndefined();
  });

  it("fails with InvalidFilterKey for another filter", async () => {
    await expect(list("Active", "Colour", "red")).rejects.toMatchObject({ name: "InvalidFilterKey" });
  });
});

describe("a call of ssm that the sandbox does not model", () => {
  it("fails at once with UnmodelledRequest and status 501", async () => {
    const { SendCommandCommand } = await import("@aws-sdk/client-ssm");
    const ssm = new SSMClient({ ...sandbox.configuration(), maxAttempts: 3 });
    const command = new SendCommandCommand({ DocumentName: "AWS-RunShellScript", InstanceIds: [Target] });
    await expect(ssm.send(command)).rejects.toMatchObject({
      name: "UnmodelledRequest",
      message: "ssm:SendCommand is not modelled by the sandbox: see docs/sandbox.md",
      $metadata: { httpStatusCode: 501, attempts: 1 },
    });
  });
});
