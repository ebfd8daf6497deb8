// Who may do what: users × actions × instances × OS users × documents × tags × sessions, each cell with its answer.

/** What a person's policy is for. */
export type Kind = "shell" | "shell-and-ssh" | "ssh" | "tunnel" | "target-orders" | "target-cache" | "reboot" | "audit";

/** People, by the kind of their policy. Riley and Robin are sessions of one role; Tessa may also push keys elsewhere. */
export const PEOPLE = {
  sara: "shell",
  boris: "shell-and-ssh",
  sven: "ssh",
  tina: "tunnel",
  tessa: "tunnel",
  otto: "target-orders",
  carl: "target-cache",
  rita: "reboot",
  anna: "audit",
  riley: "shell-and-ssh",
  robin: "shell-and-ssh",
} as const satisfies Record<string, Kind>;

export type Who = keyof typeof PEOPLE;

export const INSTANCES = ["own", "other", "untagged"] as const;
export type WhichInstance = (typeof INSTANCES)[number];

/** `none` is a call that names no document. */
export const DOCUMENTS = [
  "none",
  "shell",
  "command",
  "ssh",
  "port",
  "remote-port",
  "orders",
  "cache",
  "missing",
] as const;
export type Document = (typeof DOCUMENTS)[number];

const OS_USERS = ["ec2-user", "tunnel", "root"];
const ON_INSTANCES = [
  "ssm:GetConnectionStatus",
  "ec2:GetConsoleOutput",
  "ec2:RebootInstances",
  "ec2:StartInstances",
] as const;
const LISTS = [
  "ec2:DescribeInstances",
  "ec2:DescribeImages",
  "ec2:DescribeSecurityGroups",
  "rds:DescribeDBInstances",
  "rds:DescribeDBSubnetGroups",
  "ssm:DescribeInstanceInformation",
  "ssm:DescribeSessions",
  "cloudtrail:LookupEvents",
] as const;

/** What somebody tries. */
export type Attempt =
  | { readonly action: (typeof LISTS)[number] }
  | { readonly action: (typeof ON_INSTANCES)[number]; readonly instance: WhichInstance }
  | { readonly action: "ssm:StartSession"; readonly instance: WhichInstance; readonly document: Document }
  | {
      readonly action: "ec2-instance-connect:SendSSHPublicKey";
      readonly instance: WhichInstance;
      readonly osUser: string;
    }
  | {
      readonly action: "ec2:CreateTags" | "ec2:DeleteTags";
      readonly instance: WhichInstance;
      /** `none` takes all tags away. */
      readonly tags: "lease" | "access" | "both" | "none";
    }
  | { readonly action: "ssm:ResumeSession" | "ssm:TerminateSession"; readonly session: "own" | "another's" };

export type Cell = Attempt & { readonly who: Who };

const attempts: readonly Attempt[] = [
  ...LISTS.map((action) => ({ action })),
  ...INSTANCES.flatMap((instance): Attempt[] => [
    ...ON_INSTANCES.map((action) => ({ action, instance })),
    ...DOCUMENTS.map((document): Attempt => ({ action: "ssm:StartSession", instance, document })),
    ...OS_USERS.map((osUser): Attempt => ({ action: "ec2-instance-connect:SendSSHPublicKey", instance, osUser })),
    ...(["lease", "access", "both"] as const).map((tags): Attempt => ({ action: "ec2:CreateTags", instance, tags })),
    ...(["lease", "access", "both", "none"] as const).map((tags): Attempt => ({
      action: "ec2:DeleteTags",
      instance,
      tags,
    })),
  ]),
  ...(["ssm:ResumeSession", "ssm:TerminateSession"] as const).flatMap((action) =>
    (["own", "another's"] as const).map((session): Attempt => ({ action, session })),
  ),
];

export const cells: readonly Cell[] = (Object.keys(PEOPLE) as Who[]).flatMap((who) =>
  attempts.map((attempt): Cell => ({ ...attempt, who })),
);

const SHELLS: readonly Document[] = ["none", "shell", "command"];
const TARGETS: readonly Document[] = ["orders", "cache"];

/** What each kind is for, said without a policy. */
interface Rights {
  readonly documents: readonly Document[];
  readonly osUsers: readonly string[];
  readonly onInstances: readonly string[];
  readonly lists: readonly string[];
}

const FIND = ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation"];
const FIND_DATABASES = [...FIND, "ec2:DescribeSecurityGroups", "rds:DescribeDBInstances", "rds:DescribeDBSubnetGroups"];
const WAIT = ["ssm:GetConnectionStatus"];
const SSH = { onInstances: [...WAIT, "ec2:GetConsoleOutput"], lists: [...FIND, "ec2:DescribeImages"] };
const TARGET = { osUsers: [], onInstances: WAIT, lists: FIND_DATABASES };

const RIGHTS: Readonly<Record<Kind, Rights>> = {
  shell: { documents: SHELLS, osUsers: [], onInstances: WAIT, lists: FIND },
  "shell-and-ssh": { ...SSH, documents: [...SHELLS, "ssh", ...TARGETS], osUsers: ["ec2-user", "tunnel"] },
  ssh: { ...SSH, documents: ["ssh", ...TARGETS], osUsers: ["ec2-user", "tunnel"] },
  tunnel: {
    documents: ["port", "remote-port", "ssh", ...TARGETS],
    osUsers: ["tunnel"],
    onInstances: SSH.onInstances,
    lists: FIND_DATABASES,
  },
  "target-orders": { ...TARGET, documents: ["orders"] },
  "target-cache": { ...TARGET, documents: ["cache"] },
  reboot: {
    documents: [],
    osUsers: [],
    onInstances: [...WAIT, "ec2:RebootInstances", "ec2:StartInstances"],
    lists: [...FIND, "ssm:DescribeSessions"],
  },
  audit: {
    documents: [],
    osUsers: [],
    onInstances: [],
    lists: [...FIND, "ssm:DescribeSessions", "cloudtrail:LookupEvents"],
  },
};

/** Whether the policies should let it be. */
export function isAllowed(cell: Cell): boolean {
  const kind: Kind = PEOPLE[cell.who];
  const { documents, osUsers, onInstances, lists } = RIGHTS[kind];
  switch (cell.action) {
    case "ssm:StartSession":
      return cell.instance === "own" && documents.includes(cell.document);
    case "ec2-instance-connect:SendSSHPublicKey":
      // What another policy lets Tessa do anywhere, the tunnel policy denies on the bastion.
      return cell.instance === "own" ? osUsers.includes(cell.osUser) : cell.who === "tessa";
    case "ec2:CreateTags":
    case "ec2:DeleteTags":
      return kind === "reboot" && cell.instance === "own" && cell.tags === "lease";
    case "ssm:ResumeSession":
    case "ssm:TerminateSession":
      return cell.session === "own" && documents.length > 0;
    case "ssm:GetConnectionStatus":
    case "ec2:GetConsoleOutput":
    case "ec2:RebootInstances":
    case "ec2:StartInstances":
      return cell.instance === "own" && onInstances.includes(cell.action);
    case "ec2:DescribeInstances":
    case "ec2:DescribeImages":
    case "ec2:DescribeSecurityGroups":
    case "rds:DescribeDBInstances":
    case "rds:DescribeDBSubnetGroups":
    case "ssm:DescribeInstanceInformation":
    case "ssm:DescribeSessions":
    case "cloudtrail:LookupEvents":
      return lists.includes(cell.action);
  }
}

/** E.g. `sara ssm:StartSession own ssh`. */
export function nameOf({ who, action, ...rest }: Cell): string {
  return [who, action, ...Object.values(rest as Record<string, string>)].join(" ");
}

/** Whether they differ in one element. */
export function areTwins(one: Cell, other: Cell): boolean {
  const [ours, theirs] = [one, other] as readonly Readonly<Record<string, string>>[];
  if (ours === undefined || theirs === undefined || Object.keys(ours).length !== Object.keys(theirs).length)
    return false;
  return Object.keys(ours).filter((element) => ours[element] !== theirs[element]).length === 1;
}
