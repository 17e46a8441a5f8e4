import { expect, it } from "vitest";
import type { Person } from "../api.js";
import { Persons } from "./persons.js";
import { Value } from "./watched.js";

const ben: Person = {
  id: "2",
  name: "ben",
  display_name: "Ben",
  about: "",
  avatar: "",
  closed: false,
  version: 1,
  known: true,
};

/** A line that answers what `answer` gives, and what was asked over it. */
function asking(answer: () => Promise<null>): {
  persons: Persons;
  people: Value<Map<string, Person>>;
  asks: string[][];
} {
  const asks: string[][] = [];
  const people = new Value(new Map<string, Person>());
  const line = {
    ask: (_name: string, wish: unknown) => {
      asks.push((wish as { accounts: string[] }).accounts);
      return answer() as Promise<never>;
    },
  };
  return { persons: new Persons(line, people), people, asks };
}

it("asks once, and together, for all that are drawn together", async () => {
  const { persons, people, asks } = asking(() => Promise.resolve(null));
  for (let n = 0; n < 500; n += 1) for (let again = 0; again < 3; again += 1) persons.one(`${n}`);
  await Promise.resolve();
  expect(asks.map((one) => one.length)).toEqual([500]);
  people.set(new Map([["2", ben]]));
  expect(persons.one("2").now.display_name).toBe("Ben");
  persons.one("500");
  await Promise.resolve();
  expect(asks.slice(1)).toEqual([["500"]]);
});

it("asks again for those who are drawn again after the server was away", async () => {
  const { persons, asks } = asking(() => Promise.reject(new Error("away")));
  persons.one("2");
  await expect.poll(() => asks.length).toBe(1);
  await Promise.resolve();
  persons.one("2");
  await expect.poll(() => asks.length).toBe(2);
});
