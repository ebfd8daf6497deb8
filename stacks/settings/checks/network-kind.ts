// Whether the keys suit the kind of network: a key that does nothing is a wish that nobody heard.
import { bastionIsTarget } from "../../bastion/own-tags.ts";
import type { ExistingNetworkSettings, Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";

type NetworkKind = Settings["network"];

export function networkKindProblems(settings: Settings): Problem[] {
  return [
    ...idleKeyProblems(settings),
    ...natProblems(settings),
    ...existingProblems(settings),
    ...oldAgentProblems(settings),
  ];
}

/** Keys that only some kinds of network take. */
const KINDS_OF_KEYS: Readonly<Record<string, readonly NetworkKind[]>> = {
  vpc_cidr: ["private-link", "nat", "public"],
  vpc_private_subnets: ["private-link", "nat"],
  vpc_public_subnets: ["nat", "public"],
  availability_zones: ["private-link", "nat", "public"],
  existing_network: ["existing"],
  ec2messages_endpoint: ["private-link", "existing"],
};

function isWritten(settings: Settings, key: string): boolean {
  if (key === "ec2messages_endpoint") return !settings.ec2messages_endpoint;
  const value = settings[key as keyof Settings];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function idleKeyProblems(settings: Settings): Problem[] {
  const { network } = settings;
  return Object.entries(KINDS_OF_KEYS)
    .filter(([key, kinds]) => !kinds.includes(network) && isWritten(settings, key))
    .map(([key, kinds]) => ({
      message: `"${key}" does nothing with "network": "${network}"`,
      cure: `leave it out, or write "network": ${kinds.map((kind) => `"${kind}"`).join(" or ")}`,
    }));
}

function natProblems({ network, vpc_private_subnets, vpc_public_subnets }: Settings): Problem[] {
  if (network !== "nat") return [];
  const [wanted, count] = [vpc_private_subnets.length, vpc_public_subnets.length];
  if (wanted === 0 || count === 0) {
    const [there, missing] = wanted === 0 ? ["public", "private"] : ["private", "public"];
    return [
      {
        message: `"vpc_${missing}_subnets" is missing beside "vpc_${there}_subnets"`,
        cure: `name the ${missing} subnets too, or neither: then the halves of vpc_cidr are taken`,
      },
    ];
  }
  if (count === 1 || count === wanted) return [];
  return [
    {
      message: `"vpc_public_subnets": ${count} for ${wanted} private subnet${wanted === 1 ? "" : "s"}`,
      cure: "name one, whose NAT gateway serves all, or one for each private subnet",
    },
  ];
}

function existingProblems(settings: Settings): Problem[] {
  const { network, existing_network: existing, ec2messages_endpoint } = settings;
  if (network !== "existing") return [];
  if (existing === undefined)
    return [
      {
        message: '"existing_network" is missing, and "network" is "existing"',
        cure: 'write "existing_network": {"vpc_id":"vpc-0123456789abcdef0","subnet_ids":["subnet-0123456789abcdef0"]}',
      },
    ];
  return [
    ...eitherProblems(existing, "vpc_id", "vpc_tags"),
    ...eitherProblems(existing, "subnet_ids", "subnet_tags"),
    ...endpointProblems(existing, ec2messages_endpoint),
    ...wayToS3Problems(existing, settings),
  ];
}

function eitherProblems(existing: ExistingNetworkSettings, byId: Key, byTags: Key): Problem[] {
  const isNamed = existing[byId] !== undefined;
  if (isNamed !== (existing[byTags] !== undefined)) return [];
  return [
    {
      message: `"existing_network" names ${isNamed ? "both" : "neither"} "${byId}" ${isNamed ? "and" : "nor"} "${byTags}"`,
      cure: `write one of them: ${byId}, or ${byTags} that nothing else has`,
    },
  ];
}

/** No gateway endpoint is made there: it would turn the calls of everybody in these subnets to a policy made for a bastion. */
function wayToS3Problems({ create_endpoints, endpoint_ids }: ExistingNetworkSettings, settings: Settings): Problem[] {
  if (!create_endpoints || endpoint_ids.s3 !== undefined) return [];
  const calls = {
    "session_preferences.s3_logs": settings.session_preferences?.s3_logs === true,
    patching: settings.patching,
    associations: bastionIsTarget(settings),
  };
  const callers = Object.entries(calls).filter(([, isCalling]) => isCalling);
  return callers.map(([key]) => ({
    message: `"${key}" needs S3, and "existing_network.endpoint_ids.s3" is missing`,
    cure: `name the S3 gateway endpoint that the subnets' route tables have, leave "${key}" out, or write "create_endpoints": false where they lead to the internet`,
  }));
}

/** Amazon Linux 2 gets no new images, and older ones, whose agents want the endpoint, are still about. */
function oldAgentProblems({ image, ec2messages_endpoint }: Settings): Problem[] {
  if (image !== "al2" || ec2messages_endpoint) return [];
  return [
    {
      message: '"ec2messages_endpoint": false takes an SSM Agent from 3.3.40 on, which "image": "al2" does not promise',
      cure: 'leave it out, or write "image": "al2023"',
    },
  ];
}

type Key = "vpc_id" | "vpc_tags" | "subnet_ids" | "subnet_tags";

function endpointProblems(existing: ExistingNetworkSettings, ec2messages_endpoint: boolean): Problem[] {
  const hasInterfaces = Object.entries(existing.endpoint_ids).some(
    ([service, id]) => service !== "s3" && id !== undefined,
  );
  return [
    ...(existing.open_endpoint_groups && !hasInterfaces
      ? [
          {
            message:
              '"existing_network.open_endpoint_groups" does nothing without interface endpoints in "endpoint_ids"',
            cure: "leave it out, or name the endpoints that are there already",
          },
        ]
      : []),
    ...(!ec2messages_endpoint && existing.endpoint_ids.ec2messages !== undefined
      ? [
          {
            message: '"existing_network.endpoint_ids.ec2messages" does nothing with "ec2messages_endpoint": false',
            cure: "leave one of them out",
          },
        ]
      : []),
  ];
}
