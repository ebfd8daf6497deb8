// One configuration for all kinds of tests; `test/gate.mjs` picks the kind by its folder.
export default {
  rootDir: import.meta.dirname,
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/harness/esbuild-transformer.mjs" },
  randomize: true,
  errorOnDeprecated: true,
};
