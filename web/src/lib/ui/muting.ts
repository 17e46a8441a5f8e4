/** How long a conversation tells one nothing. */
import { inFull } from "./times.js";
import { peopleWords } from "../words/people.js";

const HOUR = 3_600_000;

/** What one may choose, and for how many milliseconds it holds; null: until one says otherwise. */
export const MUTES = [
  ["mute.hour", HOUR],
  ["mute.day", 24 * HOUR],
  ["mute.always", null],
] as const;

/** The last moment that there is. */
const ALWAYS = Number.MAX_SAFE_INTEGER;
/** Nobody lives to see that: it is shown as always. */
const LONG = 100 * 365 * 24 * HOUR;

/** Until when it is muted, from now on. */
export function mutedUntil(length: number | null, now: number): number {
  return length === null ? ALWAYS : now + length;
}

/** "Muted until …" */
export function mutedWords(until: number, now: number): string {
  return until - now > LONG ? peopleWords("mute.isAlways") : peopleWords("mute.until", { when: inFull(until) });
}
