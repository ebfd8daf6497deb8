// Which endpoints a bastion's network is to have: decided by the settings and by what the features call.
import { callsS3, interfaceServicesOf, type BastionFeature } from "../bastion/feature.ts";
import type { Settings } from "../settings/schema.ts";
import { SettingsError } from "../settings/settings-error.ts";
import type { EndpointService } from "./endpoint-services.ts";

export interface EndpointPlan {
  /** Interface endpoints that this stack makes. */
  readonly made: readonly EndpointService[];
  /** Interface endpoints that are there already, with their ids. */
  readonly reused: ReadonlyMap<EndpointService, string>;
  /** S3's gateway endpoint; undefined where nothing calls S3, or the internet leads there. */
  readonly s3: "made" | { readonly reused: string } | undefined;
  /** Whether what has no endpoint leaves by the internet. */
  readonly reachesInternet: boolean;
}

/**
 * Three endpoints, two on request, and one for each service that a feature calls; none where the internet is reached.
 *
 * @throws SettingsError when a feature needs S3 and an existing network has no way there
 */
export function planEndpoints(settings: Settings, features: readonly BastionFeature[]): EndpointPlan {
  const called = servicesOf(settings, features);
  const s3 = callsS3(features);
  switch (settings.network) {
    case "private-link":
      return { made: called, reused: new Map(), s3: s3 ? "made" : undefined, reachesInternet: false };
    case "nat":
    case "public":
      return { made: [], reused: new Map(), s3: undefined, reachesInternet: true };
    case "existing":
      return planExisting(settings, called, s3);
  }
}

/** Session Manager's own, and what the features call. */
function servicesOf({ ec2messages_endpoint }: Settings, features: readonly BastionFeature[]): EndpointService[] {
  const ofSessions: EndpointService[] = ["ssm", "ssmmessages"];
  const ofOldAgents: EndpointService[] = ec2messages_endpoint ? ["ec2messages"] : [];
  return [...new Set([...ofSessions, ...ofOldAgents, ...interfaceServicesOf(features)])];
}

function planExisting({ existing_network }: Settings, called: readonly EndpointService[], s3: boolean): EndpointPlan {
  const { endpoint_ids: ids = {}, create_endpoints: makesOthers = true } = existing_network ?? {};
  const reused = new Map(
    called.flatMap((service): [EndpointService, string][] => {
      const id = ids[service];
      return id === undefined ? [] : [[service, id]];
    }),
  );
  if (s3 && makesOthers && ids.s3 === undefined) throw noS3Error();
  return {
    made: makesOthers ? called.filter((service) => !reused.has(service)) : [],
    reused,
    s3: s3 && ids.s3 !== undefined ? { reused: ids.s3 } : undefined,
    reachesInternet: !makesOthers,
  };
}

/** One of ours would turn everybody's calls to S3 in these subnets to a policy that is made for a bastion. */
function noS3Error(): SettingsError {
  return new SettingsError("existing_network", [
    {
      message: '"endpoint_ids.s3" is missing: what the settings switch on calls S3',
      cure: 'name the S3 gateway endpoint that the subnets\' route tables have, or write "create_endpoints": false where they lead to the internet',
    },
  ]);
}
