// Who to log in as when the person does not say.
import type { ProjectSettings } from "../command/project-settings.ts";

/** The user that an image's makers set up for logging in. */
const OS_USER_BY_IMAGE: Readonly<Record<string, string>> = { al2023: "ec2-user", al2: "ec2-user", ubuntu: "ubuntu" };
const DEFAULT_OS_USER = "ec2-user";

/** The OS user of the image that the settings name; Amazon Linux's where they name none. */
export function defaultOsUser({ image }: Pick<ProjectSettings, "image">): string {
  return (image === undefined ? undefined : OS_USER_BY_IMAGE[image]) ?? DEFAULT_OS_USER;
}
