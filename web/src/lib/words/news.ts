/** What notifications say, in the person's language: for the app, which the service worker is no part of. */
import { type Noticed, NOTICED } from "./noticed.js";
import { spoken, type Values } from "./words.js";

/** A sentence of notifications; values as in `words`. */
export function newsWords(key: Noticed, values: Values = {}): string {
  return spoken(NOTICED[key], values);
}
