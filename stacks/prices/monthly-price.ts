// What a synthesized stack costs a month, before any traffic: counted from what Terraform would get.
import { nestedBlocks, listOf, TerraformModel, type StackJson } from "../registration/terraform-model.ts";
import { instancePrice, MONTHLY_PRICES, PRICED_ON, PRICED_REGION } from "./list-prices.ts";

interface Item {
  /** One of them: `interface endpoint`, `t3.nano`. */
  readonly name: string;
  readonly count: number;
  /** Of one; undefined where the table has none. */
  readonly price: number | undefined;
}

/** The lines for the terminal; none for stacks that have nothing with a price. */
export function priceLines(stacks: readonly StackJson[]): string[] {
  const items = together(stacks.flatMap(itemsOf));
  if (items.length === 0) return [];
  const unknown = items.filter(({ price }) => price === undefined);
  const sum = items.reduce((total, { price = 0, count }) => total + price * count, 0);
  const more = unknown.length === 0 ? "" : ` and what ${unknown.map(({ name }) => name).join(", ")} costs`;
  return [
    `stacks: note: about ${dollars(sum)} a month${more}: ${items.map(described).join(", ")}`,
    `stacks: note: list prices of ${PRICED_REGION} in ${PRICED_ON}; traffic, logs and requests come on top`,
  ];
}

function itemsOf(json: StackJson): Item[] {
  const model = new TerraformModel(json);
  const count = (type: string): number => model.resources(type).length;
  return [
    { name: "interface endpoint", count: endpointInterfaces(model), price: MONTHLY_PRICES.interfaceEndpoint },
    { name: "NAT gateway", count: count("aws_nat_gateway"), price: MONTHLY_PRICES.natGateway },
    { name: "public address", count: count("aws_eip"), price: MONTHLY_PRICES.publicAddress },
    ...model.resources("aws_instance").flatMap(({ arguments: own }) => itemsOfInstance(own)),
    { name: "KMS key", count: count("aws_kms_key"), price: MONTHLY_PRICES.kmsKey },
    { name: "database", count: count("aws_db_instance"), price: undefined },
  ];
}

/** Each is paid once in each of its subnets; a list that only Terraform knows the length of counts as one. */
function endpointInterfaces(model: TerraformModel): number {
  return model
    .resources("aws_vpc_endpoint")
    .filter(({ arguments: own }) => own["vpc_endpoint_type"] === "Interface")
    .reduce((total, { arguments: own }) => total + listOf(own["subnet_ids"]).length, 0);
}

function itemsOfInstance(own: Readonly<Record<string, unknown>>): Item[] {
  const instanceType = String(own["instance_type"]);
  const volumes = nestedBlocks(own["root_block_device"]).map(({ volume_size: size }) => Number(size ?? 0));
  return [
    { name: instanceType, count: 1, price: instancePrice(instanceType) },
    {
      name: "detailed monitoring",
      count: own["monitoring"] === true ? 1 : 0,
      price: MONTHLY_PRICES.detailedMonitoring,
    },
    { name: "GiB of gp3", count: volumes.reduce((total, size) => total + size, 0), price: MONTHLY_PRICES.gibOfGp3 },
  ];
}

/** Of each name one, and none that there is none of. */
function together(items: readonly Item[]): Item[] {
  const byName = new Map<string, Item>();
  for (const item of items) {
    const count = (byName.get(item.name)?.count ?? 0) + item.count;
    if (count > 0) byName.set(item.name, { ...item, count });
  }
  return [...byName.values()];
}

/** Names that take no plural: those of sizes and of what is measured. */
const UNCOUNTED = /^(\w+\.\w+|detailed monitoring|GiB of gp3)$/;

function described({ name, count, price }: Item): string {
  const plural = count === 1 || UNCOUNTED.test(name) ? "" : name.endsWith("s") ? "es" : "s";
  return `${count} ${name}${plural} ${price === undefined ? "(price unknown)" : dollars(price * count)}`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
