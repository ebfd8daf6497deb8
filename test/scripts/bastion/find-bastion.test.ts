// Which instance is meant, and what is said when none is.
import { describe, expect, it } from "@jest/globals";
import { parseBastionTarget } from "../../../scripts/bastion/bastion-target.ts";
import { findBastion } from "../../../scripts/bastion/find-bastion.ts";
import type { Instance, InstanceState } from "../../../scripts/command/aws-ports.ts";
import { instanceOf } from "./instance-of.ts";

function needs(instances: readonly Instance[], names: readonly string[] = []) {
  const aws = {
    region: "eu-west-1",
    findInstancesByName: (name: string) => Promise.resolve(instances.filter((instance) => instance.name === name)),
    findInstanceById: (id: string) => Promise.resolve(instances.find(({ instanceId }) => instanceId === id)),
    listInstanceNames: () => Promise.resolve([...names]),
  };
  return { aws, terminal: undefined };
}

const find = (word: string, ...given: Parameters<typeof needs>) =>
  findBastion(parseBastionTarget(word, undefined), needs(...given));

const states = (...list: InstanceState[]): Instance[] =>
  list.map((state, index) => instanceOf({ instanceId: `i-0000000${index}`, state }));

describe("findBastion()", () => {
  it("finds the running one by its Name tag, past those that are not", async () => {
    const instances = states("terminated", "running", "stopped");
    await expect(find("bastion", instances)).resolves.toMatchObject({ instanceId: "i-00000001" });
  });

  it("finds one by its id", async () => {
    await expect(find("i-00000000", states("running"))).resolves.toMatchObject({ instanceId: "i-00000000" });
  });

  it("finds one that is starting", async () => {
    await expect(find("bastion", states("pending"))).resolves.toMatchObject({ state: "pending" });
  });

  it("fails with 66 and the closest names when there is none", async () => {
    await expect(find("bastoin", [], ["bastion", "web"])).rejects.toMatchObject({
      exitCode: 66,
      message: 'cannot find bastion: no running instance has the Name tag "bastoin" in eu-west-1',
      hint: 'did you mean "bastion"?\nanother Region or account? see --region and --profile',
    });
  });

  it("fails with 66 for an id that does not exist", async () => {
    await expect(find("i-0123456789abcdef0", [])).rejects.toMatchObject({
      exitCode: 66,
      message: 'cannot find bastion: no instance "i-0123456789abcdef0" in eu-west-1',
    });
  });

  it("fails with 66 for one that is terminated", async () => {
    await expect(find("bastion", states("terminated"))).rejects.toMatchObject({
      exitCode: 66,
      message: expect.stringContaining('and "i-00000000" is terminated'),
    });
  });

  it("finds one that is stopped where none runs: whoever opens a session may start it", async () => {
    await expect(find("bastion", states("terminated", "stopped"))).resolves.toMatchObject({ state: "stopped" });
  });

  it("fails with 69 for one that is shutting down", async () => {
    await expect(find("bastion", states("terminated", "shutting-down"))).rejects.toMatchObject({
      exitCode: 69,
      message: 'cannot connect to "bastion": instance "i-00000001" is shutting-down',
    });
  });

  it("fails with 64 and a list when several run and nobody can be asked", async () => {
    await expect(find("bastion", states("running", "running"))).rejects.toMatchObject({
      exitCode: 64,
      hint: expect.stringMatching(/i-00000000 .*\n.*i-00000001 /),
    });
  });

  it("lets the person pick when several run", async () => {
    const terminal = {
      choose: <T>(_question: string, items: readonly T[]) => Promise.resolve(items[1] as T),
    };
    const found = findBastion(parseBastionTarget("bastion", undefined), {
      ...needs(states("running", "running")),
      terminal,
    });
    await expect(found).resolves.toMatchObject({ instanceId: "i-00000001" });
  });

  it("shows a hostile name without what a terminal would obey", async () => {
    await expect(find("\u001b[2J", [], ["\u001b[2K"])).rejects.toMatchObject({
      message: expect.stringContaining('"\\u001b[2J"'),
      hint: expect.stringContaining('"\\u001b[2K"'),
    });
  });
});
