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
import { PortPlugin } from "./port-plugin.ts";
import { ShellPlugin } from "./shell-plugin.ts";
import type { AgentTiming } from "./timing.ts";
import { compareVersions } from "./version.ts";

/** What a plugin may ask of the instance that it runs on. */
export interface Host {
  readonly clock: Clock;
  readonly timing: AgentTiming;
  /** Opens a connection as a program on the instance would. */
  readonly dial: (host: string, port: number) => Promise<Duplex>;
  /** What programs start with. */
  readonly login: () => Promise<Login>;
}

/** The first client whose port sessions are multiplexed. */
const FIRST_MUX_VERSION = "1.1.70";

/** The last client that wants smux kept alive. */
const LAST_KEEP_ALIVE_VERSION = "1.2.331.0";

/** How to start what `kind` describes on `host`. */
export function pluginStarter(kind: SessionKind, host: Host): StartPlugin {
  return (channel, clientVersion) => {
    switch (kind.sessionType) {
      case SessionType.port:
        return portPlugin(channel, kind, host, clientVersion);
      case SessionType.standardStream:
      case SessionType.interactiveCommands:
        return shellPlugin(channel, kind, host);
      case SessionType.nonInteractiveCommands:
        return commandPlugin(channel, kind, host);
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
  if (compareVersions(clientVersion, FIRST_MUX_VERSION) < 0) return new BasicPortPlugin(channel, dial);
  const keepAlive = compareVersions(clientVersion, LAST_KEEP_ALIVE_VERSION) <= 0;
  return new MuxPlugin(channel, { clock: host.clock, dial, keepAlive, dialsInTurn: host.timing.dialsInTurn });
}

function shellPlugin(channel: DataChannel, kind: SessionKind, { clock, timing, login }: Host): Plugin {
  const { payloadBytes, shellDelayMs } = timing;
  return new ShellPlugin(channel, {
    clock,
    login,
    commandLine: kind.command?.line,
    payloadBytes,
    delayMs: shellDelayMs,
  });
}

function commandPlugin(channel: DataChannel, { command }: SessionKind, { clock, login }: Host): Plugin {
  if (command === undefined) return new FailedPlugin("no command is given");
  return new CommandPlugin(channel, { clock, login, command });
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
