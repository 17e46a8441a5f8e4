/** Sentences of the search and of the switcher: fetched with the screens that say them. */
import "./refused.js";
import type { Sentence } from "./english.js";
import { spoken, type Values } from "./words.js";

export const SEARCH = {
  "search.words": "Words",
  "search.hint": "All of them are in a message that is found. “In quotes” they stand side by side.",
  "search.mentions": "Only messages that speak to me",
  "search.in": "Only in {name}",
  "search.none": "No message of yours has that.",
  "search.found": { one: "{n} message shown", other: "{n} messages shown" },
  "search.late": "What was sent after {when} is not searched yet.",
  "search.all": "Search all messages",
  "jump.title": "Jump to",
  "jump.hint": "Unread first, then recent",
  "jump.conversations": "Conversations",
  "jump.people": "People",
  "jump.messages": "Messages on this device",
  "jump.none": "Nothing of that name.",
  "jump.choose": "choose",
  "jump.open": "open",
} as const satisfies Record<string, Sentence>;

export type SearchKey = keyof typeof SEARCH;

/** A sentence of the search or the switcher; values as in `words`. */
export function searchWords(key: SearchKey, values: Values = {}): string {
  return spoken(SEARCH[key], values);
}
