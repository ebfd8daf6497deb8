// AWS's list prices in US dollars for what the stacks make, of one Region and one day: to compare by, not to be billed by.

/** The Region that they are of; eu-central-1, for one, is 10 to 20 % dearer. */
export const PRICED_REGION = "us-east-1";
/** When they were last looked at. */
export const PRICED_ON = "2026-02";

/** AWS's own month, in its price examples. */
const HOURS_A_MONTH = 730;

/** One hour of Linux, on demand. @see https://aws.amazon.com/ec2/pricing/on-demand/ */
const INSTANCE_HOURS: Readonly<Record<string, number>> = {
  "t2.nano": 0.0058,
  "t2.micro": 0.0116,
  "t3.nano": 0.0052,
  "t3.micro": 0.0104,
  "t3.small": 0.0208,
  "t3.medium": 0.0416,
  "t3a.nano": 0.0047,
  "t3a.micro": 0.0094,
  "t3a.small": 0.0188,
  "t3a.medium": 0.0376,
  "t4g.nano": 0.0042,
  "t4g.micro": 0.0084,
  "t4g.small": 0.0168,
  "t4g.medium": 0.0336,
};

/** A month of one instance; undefined for a type that is not in the table. */
export function instancePrice(instanceType: string): number | undefined {
  const hour = Object.hasOwn(INSTANCE_HOURS, instanceType) ? INSTANCE_HOURS[instanceType] : undefined;
  return hour === undefined ? undefined : hour * HOURS_A_MONTH;
}

/** A month of one of each. */
export const MONTHLY_PRICES = {
  /** In one zone. @see https://aws.amazon.com/privatelink/pricing/ */
  interfaceEndpoint: 0.01 * HOURS_A_MONTH,
  /** @see https://aws.amazon.com/vpc/pricing/ */
  natGateway: 0.045 * HOURS_A_MONTH,
  /** @see https://aws.amazon.com/vpc/pricing/ */
  publicAddress: 0.005 * HOURS_A_MONTH,
  /** Seven metrics of an instance, one a minute. @see https://aws.amazon.com/cloudwatch/pricing/ */
  detailedMonitoring: 7 * 0.3,
  /** @see https://aws.amazon.com/ebs/pricing/ */
  gibOfGp3: 0.08,
  /** @see https://aws.amazon.com/kms/pricing/ */
  kmsKey: 1,
} as const;
