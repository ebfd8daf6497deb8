// What the settings make of a tunnel: the targets' own documents, and the OS user that may forward to them.
import { describe, expect, it } from "@jest/globals";
import { chooseOsUser, chooseVia, destinationOf } from "../../../scripts/tunnel/choose-way.ts";

const orders = { name: "orders", host: "db.internal", port: 5432, documentName: "bastion-shop-dev-to-orders" };
const cache = { name: "cache", host: "cache.internal", port: 6379, documentName: undefined };
const targets = [orders, cache];

const to = (host: string | undefined, port: number) =>
  destinationOf({ name: "any", host, port, database: undefined }, targets);
const toOrders = to("db.internal", 5432);
const toCache = to("cache.internal", 6379);
const toOther = to("db.internal", 22);

describe("destinationOf()", () => {
  it("knows the settings' target by host and port, whatever it was called", () => {
    expect(toOrders).toEqual({ kind: "host", host: "db.internal", port: 5432, setting: orders });
    expect(toOther).toEqual({ kind: "host", host: "db.internal", port: 22, setting: undefined });
    expect(to(undefined, 1080)).toEqual({ kind: "socks" });
  });
});

describe("chooseVia()", () => {
  const nobody = { osUser: undefined };
  const unsaid = { via: undefined, osUser: undefined, keyName: undefined };

  it.each([
    ["a target with a document", [toOrders], "port"],
    ["a target without one", [toCache], "ssh"],
    ["one of each", [toOrders, toCache], "ssh"],
    ["what is no target", [toOther], "ssh"],
    ["a SOCKS proxy", [to(undefined, 1080)], "ssh"],
  ])("goes to %s by itself", (_what, destinations, via) => {
    expect(chooseVia(unsaid, nobody, destinations)).toBe(via);
  });

  it("does as it is told, and goes by ssh where an OS user or a key is named", () => {
    expect(chooseVia({ ...unsaid, via: "ssh" }, nobody, [toOrders])).toBe("ssh");
    expect(chooseVia({ ...unsaid, via: "port" }, nobody, [toCache])).toBe("port");
    expect(chooseVia({ ...unsaid, osUser: "ec2-user" }, nobody, [toOrders])).toBe("ssh");
    expect(chooseVia({ ...unsaid, keyName: "my_key" }, nobody, [toOrders])).toBe("ssh");
    expect(chooseVia(unsaid, { osUser: "ec2-user" }, [toOrders])).toBe("ssh");
  });
});

describe("chooseOsUser()", () => {
  const settings = { image: "ubuntu", tunnelUser: "tunnel" };

  it("is the tunnel user where all are targets, and the image's else", () => {
    const choose = (...destinations: (typeof toOrders)[]): string =>
      chooseOsUser({ osUser: undefined }, { osUser: undefined }, { destinations, settings });
    expect(choose(toOrders, toCache)).toBe("tunnel");
    expect(choose(toOrders, toOther)).toBe("ubuntu");
  });

  it("is whom the person names", () => {
    const destinations = [toOrders];
    expect(chooseOsUser({ osUser: "ada" }, { osUser: "grace" }, { destinations, settings })).toBe("ada");
    expect(chooseOsUser({ osUser: undefined }, { osUser: "grace" }, { destinations, settings })).toBe("grace");
  });

  it("is the image's where the settings make no tunnel user", () => {
    const own = { destinations: [toOrders], settings: { image: undefined, tunnelUser: undefined } };
    expect(chooseOsUser({ osUser: undefined }, { osUser: undefined }, own)).toBe("ec2-user");
  });
});
