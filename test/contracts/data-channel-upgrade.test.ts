// Who may open a data channel: a signature decides if there is one, and the token in any case.
import { createHash, createHmac } from "node:crypto";
import { StartSessionCommand } from "@aws-sdk/client-ssm";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { WebSocket } from "ws";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { ShiftedClock } from "../harness/shifted-clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";

const clock = new ShiftedClock();
let sandbox: TestSandbox;
let Target: string;
let url: URL;
let token: string;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock });
  ({ instanceId: Target } = await createIsolatedNetwork(sandbox, "upgrades"));
}, OPEN_LIMIT_MS);

beforeEach(async () => {
  clock.offsetMs = 0;
  const ticket = await sandbox.ssm.send(new StartSessionCommand({ Target, DocumentName: "AWS-StartSSHSession" }));
  url = new URL(ticket.StreamUrl ?? "");
  token = ticket.TokenValue ?? "";
});

afterAll(async () => {
  await sandbox.close();
});

class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {
    throw new Error("not used");
  }
}

/** Headers as session-manager-plugin 1.2.764 and later signs the upgrade. */
async function signed(credentials: Credentials): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    credentials,
    region: sandbox.shared.region,
    service: "ssmmessages",
    sha256: Sha256,
    applyChecksum: false,
  });
  const { headers } = await signer.sign({
    method: "GET",
    protocol: "ws:",
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
  });
  return headers;
}

/** How the upgrade ends: `open`, or the status and the error's name. */
function upgrade(headers: Record<string, string>): Promise<{ result: string; date?: string | undefined }> {
  const webSocket = new WebSocket(url, { headers });
  return new Promise((resolve, reject) => {
    webSocket.once("open", () => {
      webSocket.terminate();
      resolve({ result: "open" });
    });
    webSocket.once("unexpected-response", (_, response) => {
      response.resume();
      const result = `${response.statusCode ?? 0} ${String(response.headers["x-amzn-errortype"])}`;
      resolve({ result, date: response.headers.date });
    });
    webSocket.once("error", reject);
  });
}

describe("the upgrade of a data channel", () => {
  it("may be unsigned, as older plugins send it", async () => {
    expect(await upgrade({})).toEqual({ result: "open" });
  });

  it("may be signed", async () => {
    expect(await upgrade(await signed(sandbox.shared.deployer))).toEqual({ result: "open" });
  });

  it("fails with InvalidSignatureException if it is signed with a wrong secret key", async () => {
    const { accessKeyId } = sandbox.shared.deployer;
    const { result } = await upgrade(await signed({ accessKeyId, secretAccessKey: "wrong" }));
    expect(result).toBe("403 InvalidSignatureException");
  });

  it("fails with UnrecognizedClientException for an access key that there is not", async () => {
    const { result } = await upgrade(await signed({ accessKeyId: "AKIA0000000000000000", secretAccessKey: "any" }));
    expect(result).toBe("403 UnrecognizedClientException");
  });

  it("fails an hour off, with the right time in the answer", async () => {
    const headers = await signed(sandbox.shared.deployer);
    clock.offsetMs = 3_600_000;
    const { result, date = "" } = await upgrade(headers);
    expect(result).toBe("403 InvalidSignatureException");
    expect(Math.abs(Date.parse(date) - clock.now())).toBeLessThan(60_000);
  });

  it("fails with AccessDeniedException for a caller without ssmmessages:OpenDataChannel on the session", async () => {
    const resource = `arn:aws:ssm:*:*:session/deployer-*`;
    const ada = await sandbox.createUser("upgrades-ada", [
      { Effect: "Allow", Action: "ssmmessages:OpenDataChannel", Resource: "arn:aws:ssm:*:*:session/ada-*" },
    ]);
    expect((await upgrade(await signed(ada))).result).toBe("403 AccessDeniedException");
    await sandbox.allow("upgrades-ada", [
      { Effect: "Allow", Action: "ssmmessages:OpenDataChannel", Resource: resource },
    ]);
    expect((await upgrade(await signed(ada))).result).toBe("open");
  });

  it.each(["/", "/v1/control-channel/i-0123456789abcdef0", "/v1/data-channel/%"])(
    "fails with UnmodelledRequest for %s",
    async (path) => {
      url = new URL(path, url);
      expect((await upgrade({})).result).toBe("501 UnmodelledRequest");
    },
  );
});

describe("the first frame of a data channel", () => {
  /** The code with which the sandbox closes it. */
  function closeCodeAfter(tokenValue: string): Promise<number> {
    const webSocket = new WebSocket(url);
    const frame = {
      MessageSchemaVersion: "1.0",
      RequestId: "00000000-0000-4000-8000-000000000000",
      TokenValue: tokenValue,
    };
    return new Promise((resolve, reject) => {
      webSocket.once("open", () => {
        webSocket.send(JSON.stringify({ ...frame, ClientId: "", ClientVersion: "1.2.764.0" }));
      });
      webSocket.once("message", () => {
        webSocket.terminate(); // the agent speaks: the token was accepted
        resolve(0);
      });
      webSocket.once("close", resolve);
      webSocket.once("error", reject);
    });
  }

  it("opens it with the session's token, once", async () => {
    expect(await closeCodeAfter(token)).toBe(0);
    expect(await closeCodeAfter(token)).toBe(1008);
  });

  it("closes it for another token", async () => {
    expect(await closeCodeAfter(`${token}x`)).toBe(1008);
  });
});
