// Who may import whom: the layout's promise, read from the imports themselves.
import { describe, expect, it } from "@jest/globals";
import { importsOf, sourceFiles } from "./source-files.ts";

interface Rule {
  /** Files that the rule speaks of, by how their path begins. */
  readonly of: string;
  /** What those may import of ours, by how the path begins; themselves always. */
  readonly may: readonly string[];
  readonly because: string;
}

/** The first rule whose `of` fits a file is its rule, so the narrower ones come first. */
const rules: readonly Rule[] = [
  {
    of: "stacks/",
    may: [],
    because: "deploying must not depend on client code; what both sides must agree on is checked by a test",
  },
  {
    of: "session-manager/wire/",
    may: ["session-manager/protocol-error.ts"],
    because: "a codec knows bytes and nothing else: client, sandbox and bench share it",
  },
  {
    of: "session-manager/data-channel/",
    may: [
      "session-manager/wire/",
      "session-manager/encryption/",
      "session-manager/clock.ts",
      "session-manager/protocol-error.ts",
    ],
    because: "arrows point downwards: sessions > data-channel > encryption > wire",
  },
  {
    of: "session-manager/encryption/",
    may: ["session-manager/wire/", "session-manager/protocol-error.ts"],
    because: "arrows point downwards: sessions > data-channel > encryption > wire",
  },
  { of: "session-manager/", may: ["session-manager/"], because: "someone could publish the client alone" },
  {
    of: "sandbox/",
    may: [
      "sandbox/",
      "session-manager/wire/",
      "session-manager/clock.ts",
      "session-manager/protocol-error.ts",
      "scripts/errors/",
      "scripts/platform/",
    ],
    because:
      "a mistake in our client must not be mirrored by the agent that tests it: it shares the codec, not the behaviour",
  },
  { of: "scripts/errors/", may: ["scripts/errors/"], because: "everybody throws them, so they may need nobody" },
  {
    of: "scripts/aws/",
    may: ["scripts/aws/", "scripts/errors/", "scripts/command/", "session-manager/"],
    because: "the AWS SDK's folder translates; it decides nothing",
  },
  {
    of: "scripts/ssh/",
    may: ["scripts/ssh/", "scripts/errors/", "scripts/platform/", "session-manager/clock.ts", "scripts/command/"],
    because: "OpenSSH's folder knows keys and arguments, not AWS",
  },
  {
    of: "scripts/platform/",
    may: ["scripts/platform/", "scripts/errors/"],
    because: "what differs between systems is at the bottom",
  },
  {
    of: "scripts/command/",
    may: [
      "scripts/command/",
      "scripts/errors/",
      "scripts/aws/",
      "scripts/ssh/shell-quote.ts",
      "scripts/platform/",
      "session-manager/clock.ts",
      "session-manager/index.ts",
    ],
    because: "the frame of a command knows no use case",
  },
  {
    of: "scripts/bastion/",
    may: [
      "scripts/bastion/",
      "scripts/errors/",
      "scripts/ssh/",
      "scripts/platform/",
      "scripts/command/",
      "session-manager/",
    ],
    because: "use cases name what they need in CommandContext, so a test hands in four lines and not a mocked SDK",
  },
  {
    of: "scripts/shell/",
    may: [
      "scripts/shell/",
      "scripts/bastion/",
      "scripts/errors/",
      "scripts/ssh/shell-quote.ts",
      "scripts/platform/",
      "scripts/command/",
      "session-manager/index.ts",
    ],
    because: "a shell finds, heals and ends as connect does, and knows neither keys nor ssh",
  },
  {
    of: "scripts/tunnel/",
    may: [
      "scripts/tunnel/",
      "scripts/bastion/",
      "scripts/errors/",
      "scripts/ssh/",
      "scripts/platform/",
      "scripts/command/",
      "session-manager/",
    ],
    because: "a tunnel goes the way of connect; what it asks of AWS stands in CommandContext",
  },
  {
    of: "scripts/completion/",
    may: [
      "scripts/completion/",
      ...["audit", "bastion", "copy", "doctor", "shell", "tunnel"].map((folder) => `scripts/${folder}/`),
      "scripts/errors/",
      "scripts/ssh/shell-quote.ts",
      "scripts/command/",
    ],
    because: "it reads the flags of all commands, so that none is named twice",
  },
  {
    of: "scripts/doctor/",
    may: [
      "scripts/doctor/",
      "scripts/bastion/",
      "scripts/errors/",
      "scripts/ssh/",
      "scripts/platform/",
      "scripts/command/",
      "session-manager/",
    ],
    because: "use cases name what they need in CommandContext, so a test hands in four lines and not a mocked SDK",
  },
  {
    of: "scripts/copy/",
    may: [
      "scripts/copy/",
      "scripts/bastion/",
      "scripts/errors/",
      "scripts/ssh/",
      "scripts/platform/",
      "scripts/command/",
      "session-manager/clock.ts",
    ],
    because: "a copy goes the way of connect, several times over",
  },
  {
    of: "scripts/audit/",
    may: ["scripts/audit/", "scripts/bastion/bastion-target.ts", "scripts/errors/", "scripts/command/"],
    because: "an audit reads records: it opens nothing, and must work where nothing can be opened",
  },
  { of: "scripts/", may: ["scripts/"], because: "an entry point names one use case and the frame" },
  { of: "bench/", may: ["bench/", "session-manager/", "sandbox/", "stacks/"], because: "a bench measures what ships" },
];

/** Packages that belong in one place only, by how their name begins. */
const packages: readonly { readonly name: string; readonly only: readonly string[]; readonly because: string }[] = [
  { name: "cdktf", only: ["stacks/"], because: "infrastructure is described in stacks/" },
  { name: "constructs", only: ["stacks/"], because: "infrastructure is described in stacks/" },
  { name: "@cdktf/", only: ["stacks/"], because: "infrastructure is described in stacks/" },
  {
    name: "@aws-sdk/",
    only: ["scripts/aws/", "sandbox/"],
    because: "use cases name what they need, and the sandbox reads moto",
  },
  {
    name: "@smithy/",
    only: ["scripts/aws/", "sandbox/"],
    because: "use cases name what they need, and the sandbox reads moto",
  },
  { name: "zx", only: ["scripts/", "sandbox/"], because: "the client and the stacks run no programs" },
  {
    name: "ws",
    only: ["session-manager/data-channel/websocket-transport.ts", "sandbox/", "bench/data-channel/"],
    because: "one file of the client knows websockets; the bench compares with one that carries nothing else",
  },
  { name: "@viz-js/viz", only: ["stacks/diagram/"], because: "pictures are for documents, not for what is deployed" },
  { name: "ssh2", only: ["sandbox/instances/"], because: "the client side is the real OpenSSH" },
];

const isPackage = (target: string, name: string): boolean =>
  name.endsWith("/") ? target.startsWith(name) : target === name || target.startsWith(`${name}/`);

describe("who may import whom", () => {
  it.each(sourceFiles())("%s keeps to its rule", (path) => {
    const rule = rules.find(({ of }) => path.startsWith(of));
    if (rule === undefined) throw new Error(`no rule speaks of "${path}": add one, with its reason`);
    const breaches = importsOf(path)
      .filter(({ isOurs }) => isOurs)
      .filter(({ target, isTypeOnly }) => {
        const isOwnFolder = target.startsWith(rule.of);
        const isContextType = isTypeOnly && target.startsWith("scripts/command/");
        return !isOwnFolder && !isContextType && !rule.may.some((prefix) => target.startsWith(prefix));
      })
      .map(({ target }) => `${path} imports ${target}, which ${rule.of} may not: ${rule.because}`);
    expect(breaches).toEqual([]);
  });

  it.each(sourceFiles())("%s imports packages where they belong", (path) => {
    const breaches = importsOf(path)
      .filter(({ isOurs }) => !isOurs)
      .flatMap(({ target }) =>
        packages.filter(({ name }) => isPackage(target, name)).map((rule) => ({ target, ...rule })),
      )
      .filter(({ only }) => !only.some((prefix) => path.startsWith(prefix)))
      .map(({ target, only, because }) => `${path} imports ${target}, which belongs in ${only.join(", ")}: ${because}`);
    expect(breaches).toEqual([]);
  });

  it("has no import cycles", () => {
    const graph = new Map(
      sourceFiles().map((path) => [
        path,
        importsOf(path)
          .filter(({ isOurs, isTypeOnly }) => isOurs && !isTypeOnly)
          .map(({ target }) => target),
      ]),
    );
    expect(cycles(graph)).toEqual([]);
  });
});

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" > "));
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}
