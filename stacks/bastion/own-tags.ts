// The tags that a bastion has by its settings, and whether others find it by them.
import type { Settings } from "../settings/schema.ts";

/** Name tag of the bastion that these settings make. */
export function bastionName({ tag_application, target_environment }: Settings): string {
  return `${tag_application}-${target_environment}-bastion-host`;
}

/** Whether the bastion has the tag by which associations find their instances. */
export function bastionIsTarget(settings: Settings): boolean {
  const { associations, tag_application, target_environment } = settings;
  const tags = new Map([
    ["Name", bastionName(settings)],
    ["Application", tag_application],
    ["Environment", target_environment],
  ]);
  return associations?.values.includes(tags.get(associations.tag) ?? "") === true;
}
