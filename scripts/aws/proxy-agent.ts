// Carries TLS connections through a proxy that speaks CONNECT, and says what is wrong with it.
import type { ClientRequest } from "node:http";
import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import { Agent, type AgentConnectOpts } from "agent-base";
import { HttpsProxyAgent } from "https-proxy-agent";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { isCertificateRefused } from "../errors/certificate-refusal.ts";
import { printable, quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import type { ProxySettings } from "./proxy-settings.ts";

/** A proxy asks a name server and connects before it answers. */
const PROXY_LIMIT_MS = 30_000;

/** What the package has read of the proxy's answer. */
interface ConnectAnswer {
  readonly statusCode: number;
  readonly statusText: string;
}

/** Connects through the proxy, and past it to the hosts that it is not for. */
export class ProxyAgent extends Agent {
  readonly #proxy: ProxySettings;
  readonly #clock: Clock;
  readonly #through: HttpsProxyAgent<string>;
  readonly #past: HttpsAgent;

  constructor(proxy: ProxySettings, clock: Clock, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#clock = clock;
    this.#past = new HttpsAgent(options);
    // The password stays out of the URL, which the package writes to its own log.
    const { url, authorization } = proxy;
    const headers = authorization === undefined ? {} : { "Proxy-Authorization": authorization };
    this.#through = new HttpsProxyAgent(url.href, { ...options, headers });
  }

  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Duplex | HttpsAgent> {
    const { host, port } = destinationOf(options);
    if (this.#proxy.passesBy(host, port)) return this.#past;
    let answer: ConnectAnswer | undefined;
    request.once("proxyConnect", (met: ConnectAnswer) => (answer = met));
    const socket = await this.#tunnel(request, options);
    if (answer?.statusCode === 200) return socket;
    socket.destroy();
    throw refusal(answer, this.#proxy, `${host}:${port}`);
  }

  async #tunnel(request: ClientRequest, options: AgentConnectOpts): Promise<Duplex> {
    const answered = new AbortController();
    const tooLong = sleep(PROXY_LIMIT_MS, this.#clock, answered.signal).then(() => {
      throw unreachable(this.#proxy, `no answer within ${PROXY_LIMIT_MS / 1_000} s`);
    });
    tooLong.catch(() => undefined); // aborted in the ordinary case
    try {
      return await Promise.race([this.#through.connect(request, options), tooLong]);
    } catch (cause) {
      throw cause instanceof UserError ? cause : failureOf(cause, this.#proxy);
    } finally {
      answered.abort();
    }
  }
}

function destinationOf({ host, port }: AgentConnectOpts): { readonly host: string; readonly port: number } {
  return { host: host ?? "", port };
}

function refusal(answer: ConnectAnswer | undefined, proxy: ProxySettings, destination: string): UserError {
  const { statusCode = 0, statusText = "" } = answer ?? {};
  if (statusCode === 407) return demandsPassword(proxy);
  const met = printable(`${statusCode} ${statusText}`).trimEnd();
  return new UserError(`cannot connect to ${quoted(destination)}: proxy ${nameOf(proxy)} answered with ${met}`, {
    hint: "whoever runs the proxy must let this host through; one that needs no proxy belongs in NO_PROXY",
    exitCode: ExitCode.Unavailable,
  });
}

function demandsPassword(proxy: ProxySettings): UserError {
  const { authorization } = proxy;
  const met = authorization === undefined ? "demands a user name and a password" : "refuses the user name or password";
  return new UserError(`cannot use proxy ${nameOf(proxy)}: it ${met} (407)`, {
    hint: "write HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, with what a URL reserves as %40 and so on",
    exitCode: ExitCode.Denied,
  });
}

function failureOf(cause: unknown, proxy: ProxySettings): UserError {
  if (isCertificateRefused(cause)) {
    return new UserError(`cannot use proxy ${nameOf(proxy)}: its certificate is not trusted`, {
      hint: "name its certificate authority with NODE_EXTRA_CA_CERTS",
      exitCode: ExitCode.Unavailable,
      cause,
    });
  }
  return unreachable(proxy, errorCode(cause) ?? "it broke off", cause);
}

function unreachable(proxy: ProxySettings, met: string, cause?: unknown): UserError {
  return new UserError(`cannot reach proxy ${nameOf(proxy)}: ${met}`, {
    hint: "look at HTTPS_PROXY; where no proxy is needed, unset it",
    exitCode: ExitCode.Unavailable,
    cause,
  });
}

function nameOf({ url }: ProxySettings): string {
  return quoted(url.host);
}
