// SPDX-License-Identifier: Apache-2.0
import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import importX from "eslint-plugin-import-x";
import node from "eslint-plugin-n";
import tseslint from "typescript-eslint";

const pureFolders = ["util", "text", "model", "lang", "rules", "policy"].map(
  (folder) => `daemon/${folder}/**/*.ts`,
);
const effects = ["process", "Date", "console", "setTimeout", "setInterval", "fetch"];

export default tseslint.config(
  {
    ignores: [
      "build/",
      "dist/",
      "dist-tools/",
      "node_modules/",
      "daemon/kernel/addon/build/",
      ".tap/",
      "coverage/",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "import-x": importX, n: node },
    rules: {
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 60 }],
      complexity: ["error", 12],
      "max-params": ["error", 3],
      "import-x/no-default-export": "error",
      "n/prefer-node-protocol": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafePromises: [
            { from: "package", package: "@tapjs/core", name: "PromiseWithSubtest" },
          ],
        },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "use a union of literals" },
      ],
    },
  },
  {
    files: pureFolders,
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["node:*"], message: "the pure core knows no platform" }] },
      ],
      "no-restricted-globals": [
        "error",
        ...effects.map((name) => ({ name, message: "time and effects come in as arguments" })),
      ],
    },
  },
  {
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "max-lines": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  { files: ["**/*.js", "**/*.cjs"], ...tseslint.configs.disableTypeChecked },
  { files: ["**/*.cjs"], languageOptions: { globals: { module: "writable" } } },
  prettier,
);
