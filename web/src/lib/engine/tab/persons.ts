/** One value for each person that a screen names; those of whom nothing is known are asked for, together. */
import type { Person, Watched } from "../api.js";
import { stranger } from "./account.js";
import type { Line } from "./line.js";
import { Value } from "./watched.js";

export class Persons {
  private readonly line: Line;
  private readonly people: Watched<ReadonlyMap<string, Person>>;
  private readonly values = new Map<string, Value<Person>>();
  private readonly asked = new Set<string>();

  constructor(line: Line, people: Watched<ReadonlyMap<string, Person>>) {
    this.line = line;
    this.people = people;
    people.subscribe((known) => {
      for (const [account, value] of this.values) value.set(known.get(account) ?? stranger(account));
    });
  }

  one(account: string): Watched<Person> {
    const held = this.values.get(account);
    if (held !== undefined) return held;
    const value = new Value(this.people.now.get(account) ?? stranger(account));
    this.values.set(account, value);
    if (!value.now.known && !this.asked.has(account)) {
      this.asked.add(account);
      // Those that are drawn together are asked for together.
      queueMicrotask(() => {
        this.ask();
      });
    }
    return value;
  }

  /** Somebody else may be here, who knows others. */
  forget(): void {
    this.asked.clear();
  }

  private ask(): void {
    const unknown = [...this.values.values()].filter((one) => !one.now.known).map((one) => one.now.id);
    // Somebody who is not found stays unknown; a server that is away is told by the banner.
    if (unknown.length > 0) this.line.ask("people", { accounts: unknown }).catch(() => undefined);
  }
}
