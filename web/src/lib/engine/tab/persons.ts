/** One value for each person that a screen names; those of whom nothing is known are asked for, together. */
import type { Person, Watched } from "../api.js";
import { stranger } from "./account.js";
import type { Line } from "./line.js";
import { Value } from "./watched.js";

export class Persons {
  private readonly line: Pick<Line, "ask">;
  private readonly people: Watched<ReadonlyMap<string, Person>>;
  private readonly values = new Map<string, Value<Person>>();
  private readonly asked = new Set<string>();
  /** To be asked for with the next breath. */
  private wanted: string[] = [];

  constructor(line: Pick<Line, "ask">, people: Watched<ReadonlyMap<string, Person>>) {
    this.line = line;
    this.people = people;
    people.subscribe((known) => {
      for (const [account, value] of this.values) value.set(known.get(account) ?? stranger(account));
    });
  }

  one(account: string): Watched<Person> {
    const value = this.values.get(account) ?? new Value(this.people.now.get(account) ?? stranger(account));
    this.values.set(account, value);
    if (!value.now.known && !this.asked.has(account)) {
      this.asked.add(account);
      // Those that are drawn together are asked for together, and once.
      if (this.wanted.length === 0) {
        queueMicrotask(() => {
          this.ask();
        });
      }
      this.wanted.push(account);
    }
    return value;
  }

  /** Somebody else may be here, who knows others. */
  forget(): void {
    this.asked.clear();
  }

  private ask(): void {
    const accounts = this.wanted;
    this.wanted = [];
    this.line.ask("people", { accounts }).catch(() => {
      // A server that is away is told by the banner; somebody who is not found stays unknown. Whoever is drawn again is
      // asked for again.
      for (const account of accounts) this.asked.delete(account);
    });
  }
}
