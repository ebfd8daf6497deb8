// Would an SSM Agent of this stack register with its first call? The chain of what it needs, and its first broken link.
import { agentCalls, featureCalls, type ServiceCalls } from "./agent-calls.ts";
import { broken, held, isBroken, outside, type Broken, type Finding } from "./finding.ts";
import { judgeEgress, judgeIngress } from "./firewalls.ts";
import { judgeNetworkAcls } from "./network-acls.ts";
import { findPlace, type Place } from "./place.ts";
import { withPrimaryInterface } from "./primary-interface.ts";
import { decide, readStatements, type Call } from "./policies.ts";
import { findRole, judgePermissions } from "./role-links.ts";
import { TerraformModel, type Block, type StackJson } from "./terraform-model.ts";
import { findWay, judgeDns, type Way } from "./ways.ts";

/** What the stack tells of one instance. */
export interface Proof {
  /** Address of the instance. */
  readonly instance: string;
  /** The first broken link of what sessions need, or else of what a feature needs. */
  readonly broken: Broken | undefined;
  /** What cannot be made because of it: `would say TargetNotConnected`. */
  readonly consequence: string;
  /** What the proof would have to know and the stack does not tell. */
  readonly outside: readonly string[];
}

/**
 * A proof for each instance of the stack. Pure: what Terraform would get is all that it reads.
 *
 * Not modelled: IPv6, routes narrower than 0.0.0.0/0, peered VPCs and transit gateways, own DNS servers, rules inside an
 * aws_security_group, and addresses that are associated after the start.
 */
export function proveRegistrations(json: StackJson): Proof[] {
  const model = new TerraformModel(json);
  return model.resources("aws_instance").map((instance) => proveInstance(withPrimaryInterface(instance, model), model));
}

function proveInstance(instance: Block, model: TerraformModel): Proof {
  const { findings: roleFindings, role } = findRole(instance, model);
  const { finding: placeFinding, place } = findPlace(instance, model);
  const roleArn = role === undefined ? undefined : model.roleArn(role);
  const sessions = agentCalls(roleArn);
  const chain = [...roleFindings, ...permissionFindings(sessions, role, model), placeFinding];
  const ofSessions = [...chain, ...(chain.some(isBroken) ? [] : networkFindings(sessions, place, model))];
  const features = role === undefined || ofSessions.some(isBroken) ? [] : featureCalls(role, model);
  const ofFeatures = features.map((feature) => ({ feature, findings: networkFindings([feature], place, model) }));
  const all = [...ofSessions, ...ofFeatures.flatMap(({ findings }) => findings)];
  const lame = ofFeatures.find(({ findings }) => findings.some(isBroken));
  return {
    instance: instance.address,
    broken: all.find(isBroken) ?? orderFault(instance, all, model),
    consequence:
      lame === undefined
        ? "would say TargetNotConnected"
        : `could not call ${lame.feature.calls[0]?.action ?? lame.feature.service}`,
    outside: [...new Set(all.flatMap((finding) => (finding.verdict === "outside" ? [finding.what] : [])))],
  };
}

function permissionFindings(
  services: readonly ServiceCalls[],
  role: Block | undefined,
  model: TerraformModel,
): Finding[] {
  return role === undefined
    ? []
    : judgePermissions(
        role,
        services.flatMap(({ calls }) => calls),
        model,
      );
}

/** The links of all services' ways, a link at a time, so that the first fault is the one that an agent would meet first. */
function networkFindings(services: readonly ServiceCalls[], place: Place, model: TerraformModel): Finding[] {
  const ways = services.map(({ service, calls }) => ({ calls, ...findWay(service, place, model) }));
  const found = ways.map(({ finding }) => finding);
  if (found.some(isBroken)) return found;
  return [
    ...found,
    ...ways.map(({ way }) => judgeDns(way, place)),
    ...ways.map(({ way }) => judgeEgress(way, place, model)),
    ...ways.map(({ way }) => judgeIngress(way, place, model)),
    ...ways.flatMap(({ way, calls }) => judgeEndpointPolicy(way, calls, model)),
    ...ways.map(({ way }) => judgeNetworkAcls(way, place, model)),
  ];
}

function judgeEndpointPolicy(way: Way, calls: readonly Call[], model: TerraformModel): Finding[] {
  if (way.kind === "outside") return [outside("the policy of an endpoint that is there")];
  if (way.kind === "internet") return [];
  const { address, arguments: own } = way.endpoint;
  if (own["policy"] === undefined) return []; // AWS's default lets all pass
  const statements = readStatements(own["policy"], model);
  if (statements === undefined) return [outside(`the policy of ${address}`)];
  return calls.map((call) => {
    const verdict = decide(call, statements);
    if (verdict === "allowed") return held();
    if (verdict === "undecided") return outside(`what the conditions in the policy of ${address} let pass`);
    const met = `the policy of ${address} does not let ${call.action} of the role pass`;
    return broken("endpoint-policy", met, `allow ${call.action} on ${call.resource} in it`);
  });
}

/** What the first call needs must be there when the instance starts: an agent whose first call fails sleeps for minutes. */
function orderFault(instance: Block, findings: readonly Finding[], model: TerraformModel): Broken | undefined {
  const before = model.before(instance);
  const late = findings
    .flatMap((finding) => (finding.verdict === "held" ? finding.restsOn : []))
    .find((group) => group.every(({ address }) => !before.has(address)));
  const [first] = late ?? [];
  if (first === undefined) return undefined;
  const met = `Terraform may start it before ${first.address}, and an agent whose first call fails sleeps for minutes`;
  return broken("order-of-creation", met, `add ${first.address} to its depends_on`);
}
