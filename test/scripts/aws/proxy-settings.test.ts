import { describe, expect, it } from "@jest/globals";
import { proxySettings } from "../../../scripts/aws/proxy-settings.ts";
import { ExitCode } from "../../../scripts/errors/exit-code.ts";
import type { UserError } from "../../../scripts/errors/user-error.ts";

const PROXY = "http://proxy.example.com:3128";

function refusalOf(value: string): UserError {
  try {
    proxySettings({ HTTPS_PROXY: value });
  } catch (error) {
    return error as UserError;
  }
  throw new TypeError("it was not refused");
}

describe("proxySettings()", () => {
  it.each([{}, { HTTPS_PROXY: "" }, { HTTP_PROXY: PROXY }])("finds no proxy for TLS in %j", (environment) => {
    expect(proxySettings(environment)).toBeUndefined();
  });

  it.each([
    [{ HTTPS_PROXY: PROXY }, PROXY],
    [{ HTTPS_PROXY: "http://other:1", https_proxy: PROXY }, PROXY],
    [{ ALL_PROXY: PROXY }, PROXY],
    [{ ALL_PROXY: "http://other:1", HTTPS_PROXY: PROXY }, PROXY],
    [{ HTTPS_PROXY: "proxy.example.com:3128" }, PROXY],
    [{ HTTPS_PROXY: "https://proxy.example.com" }, "https://proxy.example.com"],
  ])("reads %j as %s", (environment, url) => {
    expect(proxySettings(environment)?.url.href).toBe(`${url}/`);
  });

  it("keeps user name and password out of the URL", () => {
    const proxy = proxySettings({ HTTPS_PROXY: "http://ada:gr%40y%3Aheron@proxy.example.com:3128" });
    expect(proxy?.url.href).toBe(`${PROXY}/`);
    expect(proxy?.authorization).toBe("Basic YWRhOmdyQHk6aGVyb24="); // printf ada:gr@y:heron | base64
  });

  it("takes a percent sign that stands for itself as it is", () => {
    const proxy = proxySettings({ HTTPS_PROXY: "http://ada:100%@proxy.example.com:3128" });
    expect(proxy?.authorization).toBe("Basic YWRhOjEwMCU="); // printf 'ada:100%' | base64
  });

  it.each(["http://", "socks5://ada:secret@proxy:1080", "http://ada:secret@[proxy"])(
    "fails with 64 for %s, and shows no password",
    (value) => {
      const { message, hint, exitCode } = refusalOf(value);
      expect(exitCode).toBe(ExitCode.Usage);
      expect(message + hint).not.toContain("secret");
    },
  );
});

describe("proxySettings().passesBy()", () => {
  const passes = (noProxy: string, host: string, port = 443): boolean =>
    proxySettings({ HTTPS_PROXY: PROXY, NO_PROXY: noProxy })?.passesBy(host, port) ?? false;

  it.each(["localhost", "sandbox.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])(
    "holds for %s, this computer, whatever NO_PROXY says",
    (host) => {
      expect(passes("", host)).toBe(true);
    },
  );

  it.each([
    ["amazonaws.com", "ssm.eu-central-1.amazonaws.com"],
    ["amazonaws.com", "amazonaws.com"],
    [".amazonaws.com", "ssm.eu-central-1.amazonaws.com"],
    ["*.amazonaws.com", "ssm.eu-central-1.amazonaws.com"],
    ["example.com, AmazonAWS.com", "SSM.eu-central-1.amazonaws.com"],
    ["example.com amazonaws.com:443", "ssm.eu-central-1.amazonaws.com"],
    ["*", "anything.example.com"],
    ["10.0.0.7", "10.0.0.7"],
    ["fd00::7", "[fd00::7]"],
    ["[fd00::7]:443", "fd00::7"],
  ])("holds with NO_PROXY=%s for %s", (noProxy, host) => {
    expect(passes(noProxy, host)).toBe(true);
  });

  it.each([
    ["", "ssm.eu-central-1.amazonaws.com"],
    ["amazonaws.com", "not-amazonaws.com"],
    ["amazonaws.com:8443", "ssm.eu-central-1.amazonaws.com"],
    ["amazonaws.com", "amazonaws.com.example.com"],
    ["127.0.0.1.example.com", "127.0.0.1x.example.com"],
    ["10.0.0.7", "10.0.0.70"],
  ])("does not hold with NO_PROXY=%s for %s", (noProxy, host) => {
    expect(passes(noProxy, host)).toBe(false);
  });

  it("takes no_proxy before NO_PROXY", () => {
    const proxy = proxySettings({ HTTPS_PROXY: PROXY, NO_PROXY: "", no_proxy: "example.com" });
    expect(proxy?.passesBy("example.com", 443)).toBe(true);
  });
});
