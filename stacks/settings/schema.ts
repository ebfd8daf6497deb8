// What may stand in `<environment>.tfvars.json`: each key, its type, its default and an example that works.
import { z } from "zod";
import { accessSettings } from "./sections/access.ts";
import { associationsSettings } from "./sections/associations.ts";
import { auditSettings } from "./sections/audit.ts";
import { bastionSettings } from "./sections/bastion.ts";
import { databaseDemoSettings } from "./sections/database-demo.ts";
import { networkSettings } from "./sections/network.ts";
import { sessionPreferencesSettings } from "./sections/session-preferences.ts";
import { stateSettings } from "./sections/state.ts";

export type { PolicyStatement, Target } from "./sections/bastion.ts";
export type { ExistingNetworkSettings } from "./sections/network.ts";

/** The settings by what they are about, in the order in which the manual tells of them. */
export const settingsSections = {
  "The bastion": bastionSettings,
  "The network": networkSettings,
  Access: accessSettings,
  "Session preferences": sessionPreferencesSettings,
  "The audit": auditSettings,
  Associations: associationsSettings,
  "A database to try": databaseDemoSettings,
  "The state": stateSettings,
} as const;

export const settingsSchema = z.strictObject({
  ...bastionSettings,
  ...networkSettings,
  ...accessSettings,
  ...sessionPreferencesSettings,
  ...auditSettings,
  ...associationsSettings,
  ...databaseDemoSettings,
  ...stateSettings,
});

export type SettingsFile = z.infer<typeof settingsSchema>;
/** What somebody writes: most keys may be left out. */
export type SettingsInput = z.input<typeof settingsSchema>;
/** Name of a setting, as it stands in the file. */
export type SettingKey = keyof SettingsFile;

/** The settings, checked and completed; construct props are filled from them. */
export interface Settings extends SettingsFile {
  readonly target_environment: string;
  /** Undefined with an existing network, whose addresses nobody wrote down here. */
  readonly vpc_cidr: string | undefined;
  /** None with a public or an existing network. */
  readonly vpc_private_subnets: string[];
  /** None but with a NAT gateway or a public network. */
  readonly vpc_public_subnets: string[];
  readonly state_key: string;
}
