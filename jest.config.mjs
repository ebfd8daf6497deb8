// One configuration for all kinds of tests; `test/gate.mjs` picks the kind by its folder.
const shared = {
  rootDir: import.meta.dirname,
  testMatch: ["**/*.test.ts"],
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/harness/esbuild-transformer.mjs" },
  errorOnDeprecated: true,
};

/** Tests that share a sandbox, which is started once for all of them, and only if one of them runs. */
const inSandbox = (kind) => ({
  ...shared,
  displayName: kind,
  roots: [`<rootDir>/test/${kind}`],
  globalSetup: `<rootDir>/test/harness/${kind}-setup.mjs`,
  globalTeardown: `<rootDir>/test/harness/${kind}-teardown.mjs`,
});

export default {
  randomize: true,
  testTimeout: 30_000, // ends what hangs, on a computer that does much else; no test means to measure time with it
  projects: [
    {
      ...shared,
      displayName: "unit",
      roots: ["<rootDir>/test"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/(contracts|journeys|scenarios)/"],
    },
    { ...shared, displayName: "scenarios", roots: ["<rootDir>/test/scenarios"] },
    inSandbox("contracts"),
    inSandbox("journeys"),
  ],
};
