// Whether the access that is given can be used: policies that are made, targets that there are, and no two that quarrel.
import { OS_USERS } from "../../bastion/image.ts";
import type { Settings } from "../schema.ts";
import type { AccessGroupSettings, AccessSettings } from "../sections/access.ts";
import type { Problem } from "../settings-error.ts";

/** OS users that an image or an agent brings along, whose rights would be taken away, or who have them all. */
const TAKEN_OS_USERS = [
  ...Object.values(OS_USERS),
  "ssm-user",
  "ec2-instance-connect",
  "root",
  "bin",
  "daemon",
  "nobody",
  "sshd",
];

export function accessProblems(settings: Settings): Problem[] {
  return [
    ...tunnelUserProblems(settings),
    ...(settings.access === undefined ? [] : problemsOf(settings.access, settings)),
  ];
}

function tunnelUserProblems({ tunnel_user, targets }: Settings): Problem[] {
  if (tunnel_user === undefined) return [];
  const named = `"tunnel_user": "${tunnel_user}"`;
  return [
    ...(TAKEN_OS_USERS.includes(tunnel_user)
      ? [{ message: `${named} is an OS user that is there already`, cure: 'write "tunnel_user": "tunnel"' }]
      : []),
    ...(targets.length === 0
      ? [{ message: `${named} may forward to nothing, since "targets" is empty`, cure: 'name "targets"' }]
      : []),
  ];
}

function problemsOf(access: AccessSettings, settings: Settings): Problem[] {
  return [
    ...(access.policies.includes("targets") && settings.targets.length === 0
      ? [
          {
            message: '"access.policies" has "targets", and "targets" is empty',
            cure: 'name "targets", or leave it out',
          },
        ]
      : []),
    ...access.groups.flatMap((group, index) => groupProblems(group, `access.groups[${index}]`, access, settings)),
    ...quarrels(access),
    ...memberProblems(access),
    ...duplicates(access),
  ];
}

function groupProblems(
  group: AccessGroupSettings,
  key: string,
  access: AccessSettings,
  { targets }: Settings,
): Problem[] {
  const notMade = group.policies.filter((policy) => !access.policies.includes(policy));
  const known = targets.map(({ name }) => name);
  const strangers = group.targets.filter((name) => !known.includes(name));
  return [
    ...(group.policies.length + group.targets.length === 0
      ? [{ message: `"${key}" has neither "policies" nor "targets"`, cure: 'write "policies": ["shell"]' }]
      : []),
    ...notMade.map((policy) => ({
      message: `"${key}.policies": "${policy}" is not made`,
      cure: `add "${policy}" to "access.policies"`,
    })),
    ...strangers.map((name) => ({
      message: `"${key}.targets": "${name}" is not one of the "targets"`,
      cure:
        known.length === 0 ? `name it in "targets"` : `"targets" are ${known.map((each) => `"${each}"`).join(", ")}`,
    })),
    ...(group.targets.length > 0 && !access.policies.includes("targets")
      ? [
          {
            message: `"${key}.targets" has no policies, since none are made`,
            cure: 'add "targets" to "access.policies"',
          },
        ]
      : []),
  ];
}

/** The tunnel policy denies keys, whoever else allows them: a person with both wonders why ssh is refused. */
function quarrels({ groups }: AccessSettings): Problem[] {
  const users = new Set(groups.flatMap((group) => group.users));
  return [...users].flatMap((user) => {
    const policies = groups.filter((group) => group.users.includes(user)).flatMap((group) => group.policies);
    const ssh = policies.find((policy) => policy === "ssh" || policy === "shell-and-ssh");
    if (ssh === undefined || !policies.includes("tunnel")) return [];
    return [
      {
        message: `"access.groups" give "${user}" both "tunnel", which denies ssh, and "${ssh}"`,
        cure: `leave "tunnel" out: whoever has "${ssh}" can tunnel by ssh`,
      },
    ];
  });
}

function memberProblems({ users, groups }: AccessSettings): Problem[] {
  const members = groups.flatMap((group) => group.users);
  return users
    .filter((user) => !members.includes(user))
    .map((user) => ({
      message: `"access.users": "${user}" is in no group, and may do nothing`,
      cure: `add "${user}" to the "users" of a group`,
    }));
}

function duplicates({ policies, users, groups }: AccessSettings): Problem[] {
  const lists: Readonly<Record<string, readonly string[]>> = {
    "access.policies": policies,
    // IAM tells no case apart, and Terraform's addresses no punctuation.
    "access.users": users.map((user) => user.toLowerCase().replaceAll(/\W/g, "_")),
    "access.groups[].name": groups.map(({ name }) => name),
    ...Object.fromEntries(
      groups.flatMap((group, index) =>
        (["policies", "targets", "users"] as const).map((list) => [`access.groups[${index}].${list}`, group[list]]),
      ),
    ),
  };
  return Object.entries(lists).flatMap(([key, values]) =>
    [...new Set(values.filter((value, index) => values.indexOf(value) < index))].map((value) => ({
      message: `"${key}": "${value}" stands there twice`,
      cure: "leave one of them out",
    })),
  );
}
