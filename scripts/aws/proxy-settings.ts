// Which proxy the environment names, and which hosts it lets go past it.
//
// Not proxy-from-env: it takes a proxy without a scheme for a TLS one, and lets NO_PROXY=amazonaws.com name nothing below
// that name, unlike curl, the AWS CLI and Go.
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";

export interface ProxySettings {
  /** Where the proxy is, without user name and password. */
  readonly url: URL;
  /** Value of the header Proxy-Authorization; a secret. */
  readonly authorization: string | undefined;
  /** Whether a connection to this host does without the proxy. */
  passesBy(host: string, port: number): boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** In this order, the lower case first, as curl has it. */
const PROXY_VARIABLES = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] as const;
const PROTOCOLS: readonly string[] = ["http:", "https:"];
const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * The proxy for connections over TLS; undefined when none is named.
 *
 * @throws UserError (64) when what is named cannot be one; it shows no password
 */
export function proxySettings(environment: Environment): ProxySettings | undefined {
  const variable = PROXY_VARIABLES.find((name) => (environment[name] ?? "") !== "");
  if (variable === undefined) return undefined;
  const url = proxyUrl(variable, environment[variable] ?? "");
  const exceptions = readExceptions(environment["no_proxy"] ?? environment["NO_PROXY"] ?? "");
  const authorization = authorizationOf(url);
  url.username = "";
  url.password = "";
  return {
    url,
    authorization,
    passesBy: (host, port) => LOOPBACK.test(bare(host)) || exceptions.some((fits) => fits(bare(host), port)),
  };
}

function proxyUrl(variable: string, value: string): URL {
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== "" && PROTOCOLS.includes(url.protocol)) return url;
  const met = url === undefined ? "it is no URL" : `"${url.protocol}//" is neither http: nor https:`;
  throw new UserError(`cannot use ${variable}: ${met}`, {
    hint: `write ${variable}=http://proxy.example.com:3128, with characters of a password that a URL reserves as %40 and so on`,
    exitCode: ExitCode.Usage,
  });
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const words = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(words).toString("base64")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that stands for itself
  }
}

type Exception = (host: string, port: number) => boolean;

/** NO_PROXY: names that stand for themselves and all below them, each with a port if need be; `*` is every host. */
function readExceptions(list: string): Exception[] {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(readException);
}

function readException(word: string): Exception {
  if (word === "*") return () => true;
  // An IPv6 address without brackets is full of colons, and has no port.
  const { name = "", port } = /^(?<name>\[.*\]|[^:]*)(:(?<port>\d+))?$/.exec(word)?.groups ?? { name: word };
  const wanted = bare(name).replace(/^\*?\./, "");
  return (host, hostPort) =>
    (host === wanted || host.endsWith(`.${wanted}`)) && (port === undefined || Number(port) === hostPort);
}

/** The host in lower case, an IPv6 address without its brackets. */
function bare(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
}
