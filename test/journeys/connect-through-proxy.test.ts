// Logging in from behind a company's proxy, which demands a password and alone can resolve AWS's names.
//
// No AWS_ENDPOINT_URL: the command calls AWS by its own names, over TLS, and whatever went past the proxy would not
// reach the sandbox.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import assert from "node:assert/strict";
import { type Certificates, makeCertificates } from "../harness/certificates.ts";
import { ConnectProxy } from "../harness/connect-proxy.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { TlsFront } from "../harness/tls-front.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const NAME = "journey-proxy";
const REGION_DOMAIN = "eu-central-1.amazonaws.com";
const PASSWORD = "gr@y heron";
const SHOWN_PASSWORDS = [PASSWORD, encodeURIComponent(PASSWORD), Buffer.from(`ada:${PASSWORD}`).toString("base64")];

let sandbox: TestSandbox;
let certificates: Certificates;
let front: TlsFront;
let proxy: ConnectProxy;
let journey: Journey;

beforeAll(async () => {
  certificates = makeCertificates([`*.${REGION_DOMAIN}`]);
  sandbox = await openTestSandbox({ streamOrigin: `wss://ssmmessages.${REGION_DOMAIN}` });
  front = await TlsFront.listen(certificates, Number(new URL(sandbox.endpoint.url).port));
  await sandbox.cloneBastion(NAME);
}, OPEN_LIMIT_MS);

afterAll(async () => {
  await front.close();
  await sandbox.close();
  certificates.remove();
  assert.deepEqual(sandbox.faultsMet, []);
});

beforeEach(async () => {
  const resolve = (destination: string): number | undefined =>
    destination.endsWith(`.${REGION_DOMAIN}:443`) ? front.port : undefined;
  proxy = await ConnectProxy.listen({ credentials: `ada:${PASSWORD}`, resolve });
  journey = new Journey(sandbox);
});

afterEach(async () => {
  try {
    await journey.expectNothingLeft();
  } finally {
    journey.leave();
    await proxy.close();
  }
});

/** The person's environment: AWS by its own names, and the proxy as the company's manual says. */
function company(environment: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: "",
    HTTPS_PROXY: `http://ada:${encodeURIComponent(PASSWORD)}@${proxy.host}`,
    NODE_EXTRA_CA_CERTS: certificates.authorityFile,
    ...environment,
  };
}

/** What connect.ts does with --debug, which must not show the password however it ends. */
async function connect(environment: Record<string, string>): Promise<{ status: number | undefined; stderr: string }> {
  const outcome = await journey.connect([NAME, "--debug", "--", "exit", "5"], { environment });
  for (const shown of SHOWN_PASSWORDS) expect(outcome.stdout + outcome.stderr).not.toContain(shown);
  return outcome;
}

describe("connect.ts, behind a proxy", () => {
  it.each([
    ["HTTPS_PROXY", (value: string) => ({ HTTPS_PROXY: value })],
    ["https_proxy, before HTTPS_PROXY", (value: string) => ({ HTTPS_PROXY: "http://127.0.0.1:1", https_proxy: value })],
    ["ALL_PROXY", (value: string) => ({ HTTPS_PROXY: "", ALL_PROXY: value })],
  ])(
    "makes every call to AWS, and the data channel, through %s",
    async (_variable, variables) => {
      const environment = company(variables(company()["HTTPS_PROXY"] ?? ""));
      await expect(connect(environment)).resolves.toMatchObject({ status: 5 });
      const services = ["ec2", "ec2-instance-connect", "ssm", "ssmmessages"];
      expect(new Set(proxy.tunnels)).toEqual(new Set(services.map((name) => `${name}.${REGION_DOMAIN}:443`)));
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "believes an authority that AWS_CA_BUNDLE names, too",
    async () => {
      const environment = company({ NODE_EXTRA_CA_CERTS: "", AWS_CA_BUNDLE: certificates.authorityFile });
      await expect(connect(environment)).resolves.toMatchObject({ status: 5 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "asks no proxy about this computer: the sandbox works as it is",
    async () => {
      const environment = company({ AWS_ENDPOINT_URL: sandbox.endpoint.url, AWS_CA_BUNDLE: "" });
      const outcome = await journey.connect([NAME, "--no-reboot", "--", "true"], { environment });
      // The data channel's URL is AWS's here, so that one alone goes through the proxy.
      expect(outcome.status).toBe(0);
      expect(proxy.tunnels).toEqual([`ssmmessages.${REGION_DOMAIN}:443`]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 77 when the proxy refuses the password, and names the proxy",
    async () => {
      const { status, stderr } = await connect(company({ HTTPS_PROXY: `http://ada:wrong@${proxy.host}` }));
      expect(status).toBe(77);
      expect(stderr).toContain(
        `connect: error: cannot use proxy "${proxy.host}": it refuses the user name or password (407)\n` +
          "connect: hint: write HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, with what a URL reserves as %40 and so on\n",
      );
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 77 when the proxy demands a password and none is given",
    async () => {
      const { status, stderr } = await connect(company({ HTTPS_PROXY: proxy.host }));
      expect(status).toBe(77);
      expect(stderr).toContain(
        `cannot use proxy "${proxy.host}": it demands a user name and a password (407)\nconnect: hint: write HTTPS_PROXY=`,
      );
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when the proxy cannot be reached",
    async () => {
      const { status, stderr } = await connect(company({ HTTPS_PROXY: `http://ada:${PASSWORD}@127.0.0.1:1` }));
      expect(status).toBe(69);
      expect(stderr).toContain(
        'connect: error: cannot reach proxy "127.0.0.1:1": ECONNREFUSED\n' +
          "connect: hint: look at HTTPS_PROXY; where no proxy is needed, unset it\n",
      );
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when the proxy does not let the host through",
    async () => {
      const environment = company({ AWS_REGION: "eu-west-1" });
      const { status, stderr } = await connect(environment);
      expect(status).toBe(69);
      expect(stderr).toContain(
        `cannot connect to "ec2.eu-west-1.amazonaws.com:443": proxy "${proxy.host}" answered with 403 Forbidden\n`,
      );
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when the company's certificate authority is not known, and says how to name it",
    async () => {
      const { status, stderr } = await connect(company({ NODE_EXTRA_CA_CERTS: "" }));
      expect(status).toBe(69);
      expect(stderr).toContain(
        "connect: error: cannot call ec2:DescribeInstances: the endpoint's certificate is not trusted\n" +
          "connect: hint: behind a company's proxy: name its certificate authority with NODE_EXTRA_CA_CERTS\n",
      );
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when only the data channel's certificate is not trusted",
    async () => {
      const environment = company({ AWS_ENDPOINT_URL: sandbox.endpoint.url, NODE_EXTRA_CA_CERTS: "" });
      const { status, stderr } = await connect(environment);
      expect(status).toBe(69);
      expect(stderr).toContain(
        "connect: error: cannot open data channel: the service's certificate is not trusted\n" +
          "connect: hint: behind a company's proxy: name its certificate authority with NODE_EXTRA_CA_CERTS\n",
      );
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    ["no URL", "http://ada:gr@y heron@[proxy", "it is no URL"],
    [
      "another protocol",
      `socks5://ada:${SHOWN_PASSWORDS[1] ?? ""}@127.0.0.1:1080`,
      '"socks5://" is neither http: nor https:',
    ],
  ])(
    "ends with 64 when HTTPS_PROXY is %s",
    async (_what, value, met) => {
      const { status, stderr } = await connect(company({ HTTPS_PROXY: value }));
      expect(status).toBe(64);
      expect(stderr).toContain(`connect: error: cannot use HTTPS_PROXY: ${met}\nconnect: hint: write HTTPS_PROXY=`);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 66 when AWS_CA_BUNDLE names no file",
    async () => {
      const { status, stderr } = await connect(company({ AWS_CA_BUNDLE: "/nowhere/ca.pem" }));
      expect(status).toBe(66);
      expect(stderr).toContain('connect: error: cannot read "/nowhere/ca.pem", which AWS_CA_BUNDLE names\n');
    },
    JOURNEY_LIMIT_MS,
  );
});
