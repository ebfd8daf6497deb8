// What --since takes, and which moment it means.
import { describe, expect, it } from "@jest/globals";
import { momentOf, parseSince } from "../../../scripts/audit/since.ts";
import { ExitCode } from "../../../scripts/errors/exit-code.ts";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const since = (text: string): string => new Date(momentOf(parseSince(text), NOW)).toISOString();

describe("--since", () => {
  it.each([
    ["30m", "2026-11-27T11:30:00.000Z"],
    ["24h", "2026-11-26T12:00:00.000Z"],
    ["90d", "2026-08-29T12:00:00.000Z"],
    ["2026-11-26", "2026-11-26T00:00:00.000Z"],
    ["2026-11-26T08:00Z", "2026-11-26T08:00:00.000Z"],
    ["2026-11-26T08:00:59Z", "2026-11-26T08:00:59.000Z"],
  ])("%s is %s", (text, moment) => {
    expect(since(text)).toBe(moment);
  });

  it.each(["", "24", "h", "-1h", "1w", "24 h", "yesterday", "2026-13-01", "2026-11-26T08:00", "1e3d", "\u001b[2J"])(
    "%j is a usage error, shown without a control character",
    (text) => {
      expect(() => since(text)).toThrow(
        expect.objectContaining({ exitCode: ExitCode.Usage, message: expect.not.stringMatching("\u001b") }),
      );
    },
  );

  it.each([
    ["2026-11-28", "still to come"],
    ["91d", "keeps 90 days"],
    ["2025-01-01", "keeps 90 days"],
  ])("%s is refused: %s", (text, why) => {
    expect(() => since(text)).toThrow(
      expect.objectContaining({ exitCode: ExitCode.Usage, message: expect.stringContaining(why) }),
    );
  });
});
