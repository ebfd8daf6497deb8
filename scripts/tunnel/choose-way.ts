// How a tunnel goes where the person does not say: by the targets' own session documents or by ssh, and as which OS user.
import type { BastionTarget } from "../bastion/bastion-target.ts";
import { defaultOsUser } from "../bastion/os-user.ts";
import type { ProjectSettings, ProjectTarget } from "../command/project-settings.ts";
import type { Destination } from "./carrier.ts";
import type { OpenArguments } from "./tunnel-arguments.ts";
import type { TunnelTarget } from "./tunnel-targets.ts";

/** Where the connections go, and whether that is one of the settings' targets, by whatever name it was found. */
export function destinationOf({ host, port }: TunnelTarget, targets: readonly ProjectTarget[]): Destination {
  if (host === undefined) return { kind: "socks" };
  return { kind: "host", host, port, setting: targets.find((target) => target.host === host && target.port === port) };
}

type Given = Pick<OpenArguments, "via" | "osUser" | "keyName">;

/** By port sessions where each target has a document for them: whoever may use no other can use that one. */
export function chooseVia(
  { via, osUser, keyName }: Given,
  bastion: Pick<BastionTarget, "osUser">,
  destinations: readonly Destination[],
): "ssh" | "port" {
  if (via !== undefined) return via;
  const isForSsh = (osUser ?? bastion.osUser ?? keyName) !== undefined;
  return !isForSsh && destinations.every((each) => settingOf(each)?.documentName !== undefined) ? "port" : "ssh";
}

/** The tunnel user where it may forward to all of them, unless the person says who. */
export function chooseOsUser(
  { osUser }: Pick<Given, "osUser">,
  bastion: Pick<BastionTarget, "osUser">,
  {
    destinations,
    settings,
  }: {
    readonly destinations: readonly Destination[];
    readonly settings: Pick<ProjectSettings, "image" | "tunnelUser">;
  },
): string {
  const named = osUser ?? bastion.osUser;
  if (named !== undefined) return named;
  const areTargets = destinations.every((each) => settingOf(each) !== undefined);
  return (areTargets ? settings.tunnelUser : undefined) ?? defaultOsUser(settings);
}

function settingOf(destination: Destination): ProjectTarget | undefined {
  return destination.kind === "host" ? destination.setting : undefined;
}
