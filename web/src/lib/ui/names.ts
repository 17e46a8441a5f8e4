/** What accounts are called, as a value that changes with what is known of them. */
import type { Engine, Person } from "../engine/api.js";
import { words } from "../words/words.js";
import { nameOf } from "./app.js";
import type { Names } from "./summary.js";

/** Names by account out of the people that are known; others are asked for. `me` is called "you". */
export function namesOf(engine: Engine, people: ReadonlyMap<string, Person>, me: string): Names {
  return (account) => {
    if (account === me) return words("you");
    const known = people.get(account) ?? engine.person(account).now;
    return nameOf(known);
  };
}
