/** What accounts are called, as a value that changes with what is known of them. */
import type { Engine, Person } from "../engine/api.js";
import { words } from "../words/words.js";
import { nameOf } from "./app.js";
import type { Names } from "./summary.js";

/**
 * First names, where space is short: the first word of what somebody is called. Of those in `among` who share one, and
 * of names that are too short to stand alone, the whole is told.
 */
export function shortNames(names: Names, among: Iterable<string> = []): Names {
  const shared = new Map<string, number>();
  for (const account of among) {
    const first = firstOf(names(account));
    shared.set(first, (shared.get(first) ?? 0) + 1);
  }
  return (account) => {
    const name = names(account);
    if (name === words("person.closed")) return name;
    const first = firstOf(name);
    return (shared.get(first) ?? 1) > 1 ? name : first;
  };
}

function firstOf(name: string): string {
  const first = name.trim().split(/\s+/u, 1)[0] ?? "";
  return Array.from(first.replace(/\.$/u, "")).length < 2 ? name : first;
}

/** Names by account out of the people that are known; others are asked for. `me` is called "you". */
export function namesOf(engine: Engine, people: ReadonlyMap<string, Person>, me: string): Names {
  return (account) => {
    if (account === me) return words("you");
    const known = people.get(account) ?? engine.person(account).now;
    return nameOf(known);
  };
}
