// What a feature that the settings switch on asks of the bastion and of the network around it.
import type { AwsAccount } from "../aws-account.ts";
import type { EndpointService } from "../network/endpoint-services.ts";
import type { PolicyStatement } from "../policy-document.ts";

/** Something that the bastion does beside sessions: write their log, decrypt their keys, fetch its patches. */
export interface BastionFeature {
  /**
   * What the bastion's role may call. In a network without a way out each service that is called gets an endpoint, and
   * that endpoint passes these statements and no more.
   */
  readonly statements: readonly PolicyStatement[];
  /**
   * ARNs of objects that anybody may read, and that are fetched without a signature: packages. S3's endpoint passes them.
   *
   * @default - none
   */
  readonly publicObjects?: readonly string[];
}

/** Made for the account as the bastion's own stack knows it, so that its ARNs are no other stack's. */
export type BastionFeatureIn = (account: AwsAccount) => BastionFeature;

const INTERFACE_SERVICES: readonly EndpointService[] = ["ssm", "ssmmessages", "ec2messages", "logs", "kms"];

/** The service of `logs:PutLogEvents` is `logs`. */
const serviceOf = (action: string): string => action.split(":")[0] ?? "";

const actionsOf = ({ Action }: PolicyStatement): readonly string[] => (typeof Action === "string" ? [Action] : Action);

/** Calls that another service makes in the bastion's name, such as S3's of KMS, do not cross the network. */
function isDirect({ Condition = {} }: PolicyStatement): boolean {
  return Object.values(Condition).every((keys) => !("kms:ViaService" in keys));
}

/** The part of the statements that is about one service and called by the bastion itself. */
export function statementsOfService(service: string, statements: readonly PolicyStatement[]): PolicyStatement[] {
  return statements.filter(isDirect).flatMap((statement) => {
    const actions = actionsOf(statement).filter((action) => serviceOf(action) === service);
    return actions.length === 0 ? [] : [{ ...statement, Action: actions }];
  });
}

/** The services with an interface endpoint that the features call. */
export function interfaceServicesOf(features: readonly BastionFeature[]): EndpointService[] {
  const statements = features.flatMap((feature) => feature.statements);
  return INTERFACE_SERVICES.filter((service) => statementsOfService(service, statements).length > 0);
}

/** Whether a feature calls S3, in the role's name or in nobody's. */
export function callsS3(features: readonly BastionFeature[]): boolean {
  return features.some(
    ({ statements, publicObjects = [] }) =>
      publicObjects.length > 0 || statementsOfService("s3", statements).length > 0,
  );
}
