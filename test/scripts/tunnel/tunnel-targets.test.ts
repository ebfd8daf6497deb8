// What a person may call a target.
import { describe, expect, it } from "@jest/globals";
import type { DatabaseEndpoint } from "../../../scripts/command/network-ports.ts";
import { findDatabase, writtenTarget } from "../../../scripts/tunnel/tunnel-targets.ts";

const targets = [{ name: "orders", host: "db.internal", port: 5432 }];
const to = (word: string) => writtenTarget({ kind: "to", word }, targets);

function database(name: string, own: Partial<DatabaseEndpoint> = {}): DatabaseEndpoint {
  return {
    name,
    role: "instance",
    engine: "postgres",
    host: `${name}.rds.example`,
    port: 5432,
    status: "available",
    databaseName: undefined,
    hasTls: true,
    vpcId: "vpc-1",
    subnetIds: [],
    securityGroupIds: [],
    ...own,
  };
}

function find(
  name: string | undefined,
  databases: readonly DatabaseEndpoint[],
  choose?: () => Promise<DatabaseEndpoint>,
) {
  const list = (): Promise<DatabaseEndpoint[]> => Promise.resolve([...databases]);
  return findDatabase(
    { kind: "rds", name },
    { vpcId: "vpc-1" },
    {
      aws: { listDatabases: list, listCaches: list, region: "eu-central-1" },
      settings: { targets },
      terminal: choose && { choose: choose as never },
    },
  );
}

describe("writtenTarget()", () => {
  it("takes a target's name before anything else", () => {
    expect(to("orders")).toMatchObject({ name: "orders", host: "db.internal", port: 5432 });
  });

  it.each([
    ["cache.internal:6379", "cache.internal", 6379],
    ["10.0.4.7:8443", "10.0.4.7", 8443],
    ["localhost:80", "localhost", 80],
    ["[2001:db8::1]:5432", "2001:db8::1", 5432],
  ])("reads %s", (word, host, port) => {
    expect(to(word)).toMatchObject({ host, port });
  });

  it.each([
    ["order", /neither HOST:PORT nor a target/],
    ["db.internal:0", /from 1 to 65535/],
    ["db.internal:65536", /from 1 to 65535/],
    ["-oProxyCommand=x:22", /that is no host name/],
    ["a$(id):22", /that is no host name/],
    ["a\u001b[31m:22", /that is no host name/],
    ["2001:db8::1:5432", /neither HOST:PORT/],
  ])("fails with 64 for %j", (word, message) => {
    expect(() => to(word)).toThrow(expect.objectContaining({ exitCode: 64, message: expect.stringMatching(message) }));
  });

  it("suggests the target that was meant", () => {
    expect(() => to("ordres")).toThrow(expect.objectContaining({ hint: "did you mean --to orders?" }));
  });
});

describe("findDatabase()", () => {
  it("takes the only one in the bastion's network", async () => {
    const found = await find(undefined, [database("orders"), database("far", { vpcId: "vpc-2" })]);
    expect(found).toMatchObject({ name: "orders", host: "orders.rds.example" });
  });

  it("takes an Aurora cluster's writer, and its reader by name/reader", async () => {
    const cluster = [
      database("shop", { role: "writer", engine: "aurora-postgresql" }),
      database("shop", { role: "reader", host: "shop-ro.rds.example" }),
    ];
    expect(await find(undefined, cluster)).toMatchObject({ host: "shop.rds.example" });
    expect(await find("shop", cluster)).toMatchObject({ host: "shop.rds.example" });
    expect(await find("shop/reader", cluster)).toMatchObject({ name: "shop/reader", host: "shop-ro.rds.example" });
  });

  it("asks which one, if somebody can be asked", async () => {
    const [one, other] = [database("one"), database("other")];
    expect(await find(undefined, [one, other], () => Promise.resolve(other))).toMatchObject({ name: "other" });
  });

  it("fails with 64 and a list when there are several and nobody can be asked", async () => {
    const finding = find(undefined, [database("one"), database("other")]);
    await expect(finding).rejects.toMatchObject({
      exitCode: 64,
      hint: expect.stringMatching(/--rds one .*\n.*--rds other/),
    });
  });

  it.each([
    ["none at all", undefined, [], /there is none in eu-central-1/],
    ["none of that name", "ordres", [database("orders")], /none in eu-central-1 is called "ordres"/],
    ["only one in another network", "far", [database("far", { vpcId: "vpc-2" })], /"far" is in VPC vpc-2/],
  ])("fails with 66 when there is %s", async (_what, name, databases, message) => {
    await expect(find(name, databases)).rejects.toMatchObject({
      exitCode: 66,
      message: expect.stringMatching(message),
    });
  });

  it("suggests the name that was meant", async () => {
    await expect(find("ordres", [database("orders")])).rejects.toMatchObject({ hint: 'did you mean "orders"?' });
  });
});
