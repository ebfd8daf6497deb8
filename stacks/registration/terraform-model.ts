// A synthesized stack as Terraform reads it: blocks by address, and what refers to what.

/** Arguments of a block, as they stand in the JSON. */
export type Arguments = Readonly<Record<string, unknown>>;

type Blocks = Readonly<Record<string, Readonly<Record<string, Arguments>>>>;

/** The parts of `cdk.tf.json` that tell what will exist. */
export interface StackJson {
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly locals?: Arguments;
}

/** A resource, or a data source. */
export interface Block {
  /** `aws_vpc.network_vpc`, `data.aws_vpc.network_vpc`. */
  readonly address: string;
  readonly type: string;
  readonly isData: boolean;
  readonly arguments: Arguments;
}

/** What an argument points at. */
export type Pointer =
  | { readonly kind: "resource"; readonly block: Block }
  | { readonly kind: "data"; readonly block: Block }
  /** Refers to a block that the stack does not have. */
  | { readonly kind: "undeclared"; readonly text: string }
  /** An id, or an expression that only a plan can tell. */
  | { readonly kind: "outside"; readonly text: string };

const REFERENCE = /^\$\{((?:data\.)?[a-z0-9]+_[a-z0-9_]+\.[A-Za-z0-9_-]+)\.([a-z0-9_]+)\}$/;
const ADDRESSES = /(?:data\.)?[a-z0-9]+_[a-z0-9_]+\.[A-Za-z0-9_-]+|local\.[A-Za-z0-9_-]+/g;

/** What the plan's own caller is: the same wherever it is asked, so that equal texts mean equal values. */
const CALLER: Readonly<Record<string, string>> = {
  "aws_caller_identity.account_id": "<account>",
  "aws_partition.partition": "<partition>",
  "aws_region.name": "<region>",
  "aws_region.region": "<region>",
};

export class TerraformModel {
  readonly #blocks: ReadonlyMap<string, Block>;
  readonly #resources = new Map<string, Block[]>();
  readonly #locals: Arguments;

  constructor({ resource = {}, data = {}, locals = {} }: StackJson) {
    const blocks = [...blocksOf(resource, false), ...blocksOf(data, true)];
    this.#blocks = new Map(blocks.map((block) => [block.address, block]));
    for (const block of blocks.filter(({ isData }) => !isData)) {
      const ofType = this.#resources.get(block.type);
      if (ofType === undefined) this.#resources.set(block.type, [block]);
      else ofType.push(block);
    }
    this.#locals = locals;
  }

  /** The resources of a type, data sources left out. */
  resources(type: string): readonly Block[] {
    return this.#resources.get(type) ?? [];
  }

  /** The data sources of a type. */
  dataSources(type: string): Block[] {
    return [...this.#blocks.values()].filter((block) => block.isData && block.type === type);
  }

  /** What an argument that is one reference, or one id, points at; undefined when it is not set. */
  pointer(value: unknown): Pointer | undefined {
    if (typeof value !== "string") return undefined;
    const [, address] = REFERENCE.exec(value) ?? [];
    if (address === undefined) return { kind: "outside", text: value };
    const block = this.#blocks.get(address);
    if (block === undefined) return { kind: "undeclared", text: address };
    return { kind: block.isData ? "data" : "resource", block };
  }

  /** The resource of this type that an argument points at. */
  resource(value: unknown, type: string): Block | undefined {
    const pointer = this.pointer(value);
    return pointer?.kind === "resource" && pointer.block.type === type ? pointer.block : undefined;
  }

  /**
   * A text with all that is known put in: names of resources, ARNs of roles, and the caller's account, partition and
   * Region as `<account>`, `<partition>`, `<region>`. What only AWS knows stays as the reference that it is.
   */
  text(value: unknown): string {
    if (typeof value !== "string") return "";
    return value.replaceAll(/\$\{[^{}]+\}/g, (reference) => this.#known(reference) ?? reference);
  }

  /** ARN of a role, as `text` writes it. */
  roleArn(role: Block): string {
    const { name, path = "/" } = role.arguments;
    return `arn:<partition>:iam::<account>:role${this.text(path)}${this.text(name)}`;
  }

  /** Addresses of all blocks that Terraform makes or reads before this one. */
  before(block: Block): ReadonlySet<string> {
    const found = new Set<string>();
    const queue: unknown[] = [block.arguments];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const address of addressesIn(next, false)) {
        if (found.has(address)) continue;
        found.add(address);
        queue.push(this.#blocks.get(address)?.arguments ?? this.#locals[address.replace(/^local\./, "")] ?? {});
      }
    }
    return found;
  }

  #known(reference: string): string | undefined {
    const [, , attribute = ""] = REFERENCE.exec(reference) ?? [];
    const pointer = this.pointer(reference);
    if (pointer?.kind === "data") return CALLER[`${pointer.block.type}.${attribute}`];
    if (pointer?.kind !== "resource") return undefined;
    return this.#ofResource(pointer.block, attribute);
  }

  #ofResource(block: Block, attribute: string): string | undefined {
    if (block.type === "aws_iam_role" && attribute === "arn") return this.roleArn(block);
    const isName = attribute === "id" && block.type.startsWith("aws_iam_"); // IAM's ids are names
    const value = block.arguments[isName ? "name" : attribute];
    return typeof value === "string" ? this.text(value) : undefined;
  }
}

function blocksOf(blocks: Blocks, isData: boolean): Block[] {
  return Object.entries(blocks).flatMap(([type, named]) =>
    Object.entries(named).map(([name, ownArguments]) => ({
      address: `${isData ? "data." : ""}${type}.${name}`,
      type,
      isData,
      arguments: ownArguments,
    })),
  );
}

/** Addresses in all texts of a value: those in `depends_on` stand bare, the others in `${…}`. */
function addressesIn(value: unknown, isBare: boolean): string[] {
  if (typeof value === "string") return isBare || value.includes("${") ? (value.match(ADDRESSES) ?? []) : [];
  if (Array.isArray(value)) return value.flatMap((each) => addressesIn(each, isBare));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => key !== "//") // cdktf's notes, which Terraform ignores
    .flatMap(([key, each]) => addressesIn(each, key === "depends_on"));
}

/** A value that may be written alone or as a list, as nested blocks are. */
export function listOf(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : [value].flat();
}

/** The nested blocks of an argument. */
export function nestedBlocks(value: unknown): Arguments[] {
  return listOf(value).filter((each): each is Arguments => typeof each === "object" && each !== null);
}
