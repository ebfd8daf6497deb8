// The drawing of the states in the documentation, against the list that the code obeys.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { MOVES } from "../../../session-manager/data-channel/states.ts";

const begin = "<!-- states:begin, drawn from MOVES in session-manager/data-channel/states.ts -->\n";
const end = "<!-- states:end -->";

/** The moves as a diagram that GitHub draws. */
function drawing(): string {
  const arrows = Object.entries(MOVES).flatMap(([from, targets]) => targets.map((to) => `  ${from} --> ${to}`));
  return ["```mermaid", "stateDiagram-v2", "  [*] --> opening", ...arrows, "  closed --> [*]", "```", ""].join("\n");
}

describe("docs/session-manager-protocol.md", () => {
  it("draws the states as MOVES lists them", () => {
    const page = readFileSync(new URL("../../../docs/session-manager-protocol.md", import.meta.url), "utf8");
    const drawn = page.slice(page.indexOf(begin) + begin.length, page.indexOf(end)).trim();
    expect(drawn).toBe(drawing().trim());
  });
});
