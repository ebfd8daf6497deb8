// The two apps. Two, because cdktf asks for a stack's name as soon as an app has several, and `cdktf deploy` is to work bare.
import type { App } from "cdktf";
import { AuditStack } from "./audit-stack.ts";
import type { AwsAccount } from "./aws-account.ts";
import { associationsFeature } from "./associations/bastion-feature.ts";
import { BastionStack } from "./bastion-stack.ts";
import type { BastionFeatureIn } from "./bastion/feature.ts";
import { bastionIsTarget } from "./bastion/own-tags.ts";
import { packageRepositories } from "./bastion/package-repositories.ts";
import { DatabaseDemoStack } from "./database-demo-stack.ts";
import type { IsolatedBastion } from "./isolated-bastion.ts";
import type { AppContents, AppPlan } from "./run-app.ts";
import { SessionPreferencesStack } from "./session-preferences-stack.ts";
import type { Settings } from "./settings.ts";
import { StateBucketStack } from "./state-bucket-stack.ts";

/** The bastion, and the stacks around it that the settings switch on; `cdktf.json` names its program. */
export const bastionApp: AppPlan = {
  id: "bastion",
  stateKey: (stackId, settings, environment) => {
    const key = environment["STATE_KEY"] ?? settings.state_key;
    return stackId === bastionApp.id ? key : `${key.replace(/\.tfstate$/, "")}-${stackId}.tfstate`;
  },
  define: (app, contents) => {
    const { settings, backendOf } = contents;
    addAuditStack(app, contents);
    const preferences = addSessionPreferences(app, contents);
    const features = bastionFeatures(settings, preferences);
    const { id } = bastionApp;
    const sessionKeyArn = preferences?.kmsKeyArn;
    const { bastion } = new BastionStack(app, id, { settings, backend: backendOf(id), features, sessionKeyArn });
    addDatabaseDemo(app, contents, bastion);
  },
};

/** What the bastion does beside sessions. */
function bastionFeatures(settings: Settings, preferences?: SessionPreferencesStack): BastionFeatureIn[] {
  const { patching, image } = settings;
  return [
    ...(preferences === undefined ? [] : [(account: AwsAccount) => preferences.bastionFeature(account)]),
    ...(patching ? [(account: AwsAccount) => packageRepositories(image, account)] : []),
    ...(bastionIsTarget(settings) ? [(account: AwsAccount) => associationsFeature({ account, image })] : []),
  ];
}

function addAuditStack(app: App, { settings, backendOf }: AppContents): void {
  const { audit } = settings;
  const id = "audit";
  if (audit !== undefined) new AuditStack(app, id, { settings, audit, backend: backendOf(id) });
}

function addSessionPreferences(app: App, { settings, backendOf }: AppContents): SessionPreferencesStack | undefined {
  const { session_preferences: preferences } = settings;
  const id = "session-preferences";
  if (preferences === undefined) return undefined;
  return new SessionPreferencesStack(app, id, { settings, preferences, backend: backendOf(id) });
}

function addDatabaseDemo(app: App, { settings, backendOf }: AppContents, bastion: IsolatedBastion): void {
  const { database_demo: demo } = settings;
  const id = "database-demo";
  if (demo === undefined) return;
  const { vpcId, securityGroupId: bastionSecurityGroupId } = bastion;
  new DatabaseDemoStack(app, id, { settings, demo, vpcId, bastionSecurityGroupId, backend: backendOf(id) });
}

/** The bucket for Terraform's state, which must exist before all else. */
export const stateBucketApp: AppPlan = {
  id: "state-bucket",
  // Not STATE_KEY or state_key: those name the bastion's state, and this stack would take it for its own.
  stateKey: (_stackId, { tag_application }) => `bastion/${tag_application}-state-bucket.tfstate`,
  define: (app, { settings, backendOf }) => {
    new StateBucketStack(app, stateBucketApp.id, { settings, backend: backendOf(stateBucketApp.id) });
  },
};
