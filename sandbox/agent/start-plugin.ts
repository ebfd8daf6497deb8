// Which plugin a session runs, by its type and properties.
import type { Duplex } from "node:stream";
import { SessionType } from "../../session-manager/wire/handshake.ts";
import type { SessionKind } from "./document.ts";
import { failure, type Plugin, type StartPlugin } from "./plugin.ts";
import { PortPlugin } from "./port-plugin.ts";

/** What a plugin may ask of the instance that it runs on. */
export interface Host {
  /** Opens a connection as a program on the instance would. */
  dial(host: string, port: number): Promise<Duplex>;
}

/** How to start what `kind` describes on `host`. */
export function pluginStarter(kind: SessionKind, host: Host): StartPlugin {
  if (kind.sessionType !== SessionType.port) return () => new FailedPlugin(unsupported(kind.sessionType));
  const port = portNumber(kind);
  if (port === undefined) return () => new FailedPlugin("Port number is not valid.");
  return (channel) => new PortPlugin(channel, () => host.dial("localhost", port));
}

/** A session that cannot be: it ends as soon as it starts. */
class FailedPlugin implements Plugin {
  readonly ended: Promise<string>;

  constructor(reason: string) {
    this.ended = Promise.resolve(failure(reason));
  }

  input(): "refused" {
    return "refused";
  }

  stop(): void {
    // Nothing runs.
  }
}

function portNumber({ properties }: SessionKind): number | undefined {
  const text = properties?.["portNumber"];
  const port = typeof text === "string" && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The words of AWS's agent. */
function unsupported(sessionType: string): string {
  return (
    `Plugin with name ${sessionType} is not supported by this version of ssm agent, ` +
    `please update to latest version. Step name: ${sessionType}`
  );
}
