import { expect, it } from "vitest";
import { ENGLISH } from "./english.js";
import { TALK } from "./talk.js";
import { MEDIA } from "./media.js";
import { NOTICED } from "./noticed.js";
import { PEOPLE } from "./people.js";
import { SEARCH } from "./search.js";
import { SETTINGS } from "./settings.js";
import { SHORTCUTS } from "./shortcuts.js";

/** All that the screens are made of. */
const SOURCES = import.meta.glob<string>(
  [
    "../../**/*.svelte",
    "../../**/*.ts",
    "!**/*.test.ts",
    "!**/words/{english,media,noticed,people,refused,search,settings,shortcuts,talk}.ts",
  ],
  { query: "?raw", import: "default", eager: true },
);

it.each([
  ["the first catalogue", ENGLISH, 'words("list.new")'],
  ["that of media", MEDIA, 'mediaWords("attach.drop")'],
  ["that of an open conversation", TALK, 'talkWords("talk.start")'],
  ["that of notifications", NOTICED, 'newsWords("news.in"'],
  ["that of people and groups", PEOPLE, 'peopleWords("group.members")'],
  ["that of the search", SEARCH, 'searchWords("search.hint")'],
  ["that of the settings", SETTINGS, 'settingsWords("settings.title")'],
  ["that of the shortcuts", SHORTCUTS, 'shortcutWords("keys.title")'],
])("has no sentence in %s that nothing says", (_name, catalogue, said) => {
  const all = Object.values(SOURCES).join("\n");
  expect(all).toContain(said);
  // A key may be put together: `state.${one}`. Codes of errors come from the server.
  const begun = [...all.matchAll(/`([a-zA-Z]+(?:\.[a-zA-Z]+)*\.)\$\{/g)].map((one) => one[1] ?? "");
  const idle = Object.keys(catalogue).filter(
    (key) =>
      !new RegExp(`\\b${key.replaceAll(".", "\\.")}\\b`).test(all) && !begun.some((start) => key.startsWith(start)),
  );
  expect(idle).toEqual([]);
});
