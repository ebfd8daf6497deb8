// The command line of tunnel.ts.
import { describe, expect, it } from "@jest/globals";
import { readCommandLine } from "../../../scripts/command/command-line.ts";
import { parseTunnelArguments, tunnelFlags } from "../../../scripts/tunnel/tunnel-arguments.ts";

const parse = (...words: string[]) => parseTunnelArguments(readCommandLine(words, tunnelFlags));

describe("parseTunnelArguments()", () => {
  it("takes a database with a name and without", () => {
    expect(parse("--rds")).toMatchObject({ wanted: [{ kind: "rds", name: undefined }] });
    expect(parse("--rds", "orders", "--cache", "sessions")).toMatchObject({
      wanted: [
        { kind: "rds", name: "orders" },
        { kind: "cache", name: "sessions" },
      ],
    });
  });

  it("takes several targets, and a local port for each", () => {
    expect(parse("--to", "a:1", "--to", "b:2", "--local-port", "7001", "--local-port", "0")).toMatchObject({
      wanted: [
        { kind: "to", word: "a:1" },
        { kind: "to", word: "b:2" },
      ],
      localPorts: [7001, 0],
      via: undefined,
      bind: "127.0.0.1",
    });
  });

  it("lists and stops without a target", () => {
    expect(parse("--list", "--json")).toEqual({ action: "list", json: true });
    expect(parse("--stop", "all")).toEqual({ action: "stop", name: "all" });
  });

  it.each([
    [[], /nothing is named/],
    [["--to", "a:1", "--local-port", "65536"], /a port is a number from 0 to 65535/],
    [["--to", "a:1", "--local-port", "x"], /cannot use "x" for --local-port/],
    [["--to", "a:1", "--local-port", "1", "--local-port", "2"], /2 local ports for 1 target/],
    [["--socks", "1080", "--via", "port"], /cannot proxy by --via port/],
    [["--to", "a:1", "--via", "carrier-pigeon"], /cannot go via "carrier-pigeon"/],
    [["--to", "a:1", "--document", "Mine"], /--document needs --via port/],
    [["--to", "a:1", "--to", "b:2", "--via", "port", "--document", "Mine"], /leads to one target/],
    [["--to", "a:1", "--db-user", "app"], /--db-user needs --rds/],
    [["--rds", "--background", "--exec", "true"], /both --background and --exec/],
    [["--rds", "--reboot", "--no-reboot"], /both reboot and not reboot/],
    [["orders"], /unexpected argument "orders"/],
    [["--rds", "--", "psql"], /unexpected argument "psql"/],
  ])("fails with 64 for %j", (words, message) => {
    expect(() => parse(...words)).toThrow(expect.objectContaining({ exitCode: 64 }));
    expect(() => parse(...words)).toThrow(message);
  });
});
