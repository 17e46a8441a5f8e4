import { expect, it } from "vitest";
import { ENGLISH } from "./english.js";

/** All that the screens are made of. */
const SOURCES = import.meta.glob<string>(
  ["../../**/*.svelte", "../../**/*.ts", "!**/*.test.ts", "!**/{english,noticed}.ts"],
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);

it("has no sentence that nothing says", () => {
  const all = Object.values(SOURCES).join("\n");
  expect(all).toContain('words("talk.start")');
  // A key may be put together: `state.${one}`. Codes of errors come from the server.
  const begun = [...all.matchAll(/`([a-zA-Z]+(?:\.[a-zA-Z]+)*\.)\$\{/g)].map((one) => one[1] ?? "");
  const idle = Object.keys(ENGLISH).filter(
    (key) =>
      !new RegExp(`\\b${key.replaceAll(".", "\\.")}\\b`).test(all) && !begun.some((start) => key.startsWith(start)),
  );
  expect(idle).toEqual([]);
});
