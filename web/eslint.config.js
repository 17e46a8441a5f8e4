import svelte from "eslint-plugin-svelte";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const parserOptions = {
  project: ["./tsconfig.json", "./tsconfig.node.json", "./tsconfig.worker.json"],
  extraFileExtensions: [".svelte"],
  tsconfigRootDir: import.meta.dirname,
};

const rules = {
  // A text is never parsed as HTML, wherever it comes from.
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe"].map((property) => ({ property })),
    { object: "document", property: "write" },
  ],
  "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
  "@typescript-eslint/consistent-type-imports": "error",
  "@typescript-eslint/explicit-module-boundary-types": "error",
  "no-console": "error",
  eqeqeq: "error",
};

export default defineConfig(
  { ignores: ["dist/", "src/lib/client/dist/", "src/lib/client/src/generated/", "node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions },
    rules,
  },
  {
    files: ["**/*.svelte"],
    extends: [tseslint.configs.strictTypeChecked, svelte.configs["flat/recommended"]],
    languageOptions: { parserOptions: { ...parserOptions, parser: tseslint.parser, svelteConfig } },
    rules: {
      ...rules,
      "svelte/no-at-html-tags": "error",
      // What a component is and exports, svelte-check knows, and this linter does not.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      // A collection that is no state need not be reactive.
      "svelte/prefer-svelte-reactivity": "off",
      // The policy `style-src 'self'` refuses them, in a browser and not before.
      "svelte/no-inline-styles": "error",
    },
  },
  { files: ["**/*.js"], rules: { eqeqeq: "error" } },
);
