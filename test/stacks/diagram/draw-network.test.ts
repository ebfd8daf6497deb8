import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { describe, expect, it } from "@jest/globals";
import { drawNetwork } from "../../../stacks/diagram/draw-network.ts";
import { SettingsError } from "../../../stacks/settings/settings-error.ts";

const directory = join(import.meta.dirname, "..", "..", "..", "docs", "network");
const kinds = readdirSync(directory)
  .filter((name) => name.endsWith(".tfvars.json"))
  .map((name) => name.replace(".tfvars.json", ""));
/** A picture that takes longer to load than to look at is none. */
const LARGEST_PICTURE_BYTES = 16 * 1024;

async function draw(kind: string): Promise<string> {
  const svg = await drawNetwork(join(directory, `${kind}.tfvars.json`), () => undefined);
  if (typeof svg === "number") throw new Error(`synthesis ended with ${svg}`);
  return svg;
}

describe("docs/network", () => {
  it("shows the four kinds of network", () => {
    expect(kinds.sort()).toEqual(["existing", "nat", "private-link", "public"]);
  });

  it.each(kinds)("%s.svg is what `npm run diagram -- docs/network/*.tfvars.json` draws", async (kind) => {
    expect(readFileSync(join(directory, `${kind}.svg`), "utf8")).toBe(await draw(kind));
  });

  it.each(kinds)("%s.svg is small, and tells nothing of the computer or the program that drew it", async (kind) => {
    const svg = await draw(kind);
    expect(svg.length).toBeLessThan(LARGEST_PICTURE_BYTES);
    for (const foreign of [process.cwd(), tmpdir(), "raphviz"]) expect(svg).not.toContain(foreign);
  });

  it.each(kinds)("tells of %s in the manual", (kind) => {
    expect(readFileSync(join(directory, "README.md"), "utf8")).toContain(`](${kind}.svg)`);
  });
});

describe("drawNetwork()", () => {
  it("returns the exit status of a synthesis that failed, and hands on what it said", async () => {
    let complaint = "";
    const missing = join(directory, "missing.tfvars.json");
    await expect(drawNetwork(missing, (text) => (complaint += text))).resolves.toBe(66);
    expect(complaint).toContain("missing.tfvars.json: does not exist");
  });

  it("fails for a file that is not named as settings are", async () => {
    await expect(drawNetwork("network.json", () => undefined)).rejects.toThrow(SettingsError);
  });
});
