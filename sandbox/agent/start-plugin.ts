// Which plugin a session runs, by its type, its properties and its client's version.
import type { Duplex } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import { SessionType } from "../../session-manager/wire/handshake.ts";
import type { Login } from "../instances/login.ts";
import { BasicPortPlugin } from "./basic-port-plugin.ts";
import { CommandPlugin } from "./command-plugin.ts";
import type { DataChannel } from "./data-channel.ts";
import { isForbidden } from "./forbidden-hosts.ts";
import type { SessionKind } from "./document.ts";
import { MuxPlugin } from "./mux-plugin.ts";
import { FailedPlugin, type Plugin, type StartPlugin } from "./plugin.ts";
import { PreferredPlugin, type OutputChannel, type PreferredShell } from "./preferred-shell.ts";
import { PortPlugin } from "./port-plugin.ts";
import { ShellPlugin } from "./shell-plugin.ts";
import type { AgentTiming } from "./timing.ts";
import { compareVersions } from "./version.ts";

/** What a plugin may ask of the instance that it runs on. */
export interface Host {
  readonly clock: Clock;
  readonly timing: AgentTiming;
  /** Of the agent itself, four numbers with dots. */
  readonly agentVersion: string;
  /** Opens a connection as a program on the instance would. */
  readonly dial: (host: string, port: number) => Promise<Duplex>;
  /** What programs start with. */
  readonly login: () => Promise<Login>;
  /** What the account's preferences ask of a shell or a command. */
  readonly shell?: PreferredShell | undefined;
}

/** The first client whose port sessions are multiplexed, and the last agent that cannot do it. */
const FIRST_CLIENT_WITH_MUX = "1.1.70";
const LAST_AGENT_WITHOUT_MUX = "3.0.196.0";

/** The last client and the last agent that want smux kept alive. */
const LAST_CLIENT_WITH_KEEP_ALIVE = "1.2.331.0";
const LAST_AGENT_WITH_KEEP_ALIVE = "3.1.1511.0";

/** How to start what `kind` describes on `host`. */
export function pluginStarter(kind: SessionKind, host: Host): StartPlugin {
  return (channel, clientVersion) => {
    switch (kind.sessionType) {
      case SessionType.port:
        return portPlugin(channel, kind, host, clientVersion);
      case SessionType.standardStream:
      case SessionType.interactiveCommands:
        return preferred(channel, host, (output) => shellPlugin(output, kind, host));
      case SessionType.nonInteractiveCommands:
        return preferred(channel, host, (output) => commandPlugin(output, kind, host));
      default:
        return new FailedPlugin(unsupported(kind.sessionType));
    }
  };
}

function portPlugin(channel: DataChannel, kind: SessionKind, host: Host, clientVersion: string): Plugin {
  const port = portNumber(property(kind, "portNumber"));
  const name = property(kind, "host") || "localhost";
  if (port === undefined) return new FailedPlugin("Port number is not valid.");
  if (isForbidden(name)) return new FailedPlugin(`Forwarding to IP address ${name} is forbidden.`);
  const dial = (): Promise<Duplex> => host.dial(name, port);
  if (property(kind, "type") !== "LocalPortForwarding") return new PortPlugin(channel, dial);
  const { clock, timing, agentVersion } = host;
  const isMultiplexed =
    compareVersions(clientVersion, FIRST_CLIENT_WITH_MUX) >= 0 &&
    compareVersions(agentVersion, LAST_AGENT_WITHOUT_MUX) > 0;
  if (!isMultiplexed) return new BasicPortPlugin(channel, dial);
  const keepAlive =
    compareVersions(clientVersion, LAST_CLIENT_WITH_KEEP_ALIVE) <= 0 ||
    compareVersions(agentVersion, LAST_AGENT_WITH_KEEP_ALIVE) <= 0;
  return new MuxPlugin(channel, { clock, dial, keepAlive, dialsInTurn: timing.dialsInTurn });
}

function preferred(channel: DataChannel, { shell }: Host, start: (output: OutputChannel) => Plugin): Plugin {
  return shell === undefined ? start(channel) : new PreferredPlugin(channel, shell, start);
}

function shellPlugin(channel: OutputChannel, kind: SessionKind, host: Host): Plugin {
  const { clock, timing, shell } = host;
  const { payloadBytes, shellDelayMs } = timing;
  return new ShellPlugin(channel, {
    clock,
    login: () => loginOf(host),
    commandLine: kind.command?.line,
    profile: kind.sessionType === SessionType.standardStream ? (shell?.profile ?? "") : "",
    payloadBytes,
    delayMs: shellDelayMs,
  });
}

function commandPlugin(channel: OutputChannel, { command }: SessionKind, host: Host): Plugin {
  if (command === undefined) return new FailedPlugin("no command is given");
  return new CommandPlugin(channel, { clock: host.clock, login: () => loginOf(host), command });
}

/** The user's name; the programs run as the person who has started the sandbox, whoever that is. */
async function loginOf({ login, shell }: Host): Promise<Login> {
  const at = await login();
  const user = shell?.osUser;
  return user === undefined ? at : { ...at, environment: { ...at.environment, USER: user, LOGNAME: user } };
}

function property({ properties }: SessionKind, name: string): string {
  const value = properties?.[name];
  return typeof value === "string" ? value : "";
}

function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The words of AWS's agent. */
function unsupported(sessionType: string): string {
  return (
    `Plugin with name ${sessionType} is not supported by this version of ssm agent, ` +
    `please update to latest version. Step name: ${sessionType}`
  );
}
