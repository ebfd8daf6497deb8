// House law: what a review would otherwise have to say twice.
import eslint from "@eslint/js";
import jest from "eslint-plugin-jest";
import tseslint from "typescript-eslint";

const noClockGlobals = [
  { name: "setTimeout", message: "take a Clock (session-manager/clock.ts), so that tests need not wait" },
  { name: "setInterval", message: "take a Clock (session-manager/clock.ts), so that tests need not wait" },
];
const noProcess = {
  name: "process",
  message: "only scripts/command and the entry points know the process; take what you need as an argument",
};
const noDateNow = {
  selector: "MemberExpression[object.name='Date'][property.name='now']",
  message: "take a Clock (session-manager/clock.ts)",
};
const noRandom = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: "take node:crypto's randomness, or a seed",
};
const noBareError = {
  selector: "ThrowStatement > NewExpression[callee.name='Error']",
  message: "throw a UserError (hint and exit code), a ProtocolError, or let the original error pass",
};
const noBuiltShell = {
  selector: "CallExpression[callee.name=/^(exec|execSync)$/]",
  message: "pass a list of arguments, never a shell string",
};
const sources = ["stacks/**/*.ts", "scripts/**/*.ts", "session-manager/**/*.ts", "sandbox/**/*.ts", "bench/**/*.ts"];

export default tseslint.config(
  { ignores: ["node_modules", ".sandbox", ".package", "cdktf.out"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-extraneous-class": "off", // cdktf's constructs are classes that only have a constructor
      "no-console": "error",
      "no-warning-comments": "error",
      "id-denylist": [
        "error",
        "buf",
        "cfg",
        "cmd",
        "conn",
        "ctx",
        "err",
        "idx",
        "inst",
        "msg",
        "opts",
        "pkt",
        "req",
        "res",
        "sg",
        "sid",
        "tmp",
        "val",
      ],
    },
  },
  {
    files: sources,
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 4],
      complexity: ["error", 10],
      "no-restricted-globals": ["error", ...noClockGlobals],
      "no-restricted-syntax": ["error", noDateNow, noRandom, noBuiltShell],
    },
  },
  {
    files: ["scripts/**/*.ts", "session-manager/**/*.ts"],
    ignores: ["scripts/command/**"],
    rules: {
      "no-restricted-globals": ["error", ...noClockGlobals, noProcess],
      "no-restricted-syntax": ["error", noDateNow, noRandom, noBuiltShell, noBareError],
    },
  },
  { files: ["session-manager/clock.ts"], rules: { "no-restricted-globals": "off", "no-restricted-syntax": "off" } },
  { files: ["scripts/*.ts"], rules: { "max-lines": ["error", 40] } },
  {
    files: ["test/**/*.ts"],
    extends: [jest.configs["flat/recommended"]],
    rules: {
      "jest/expect-expect": ["error", { assertFunctionNames: ["expect", "expect*", "fc.assert"] }],
      "jest/valid-title": "error",
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: {
      globals: {
        performance: "readonly",
        process: "readonly",
        console: "readonly",
        Buffer: "readonly",
        URL: "readonly",
        setTimeout: "readonly",
      },
    },
  },
);
