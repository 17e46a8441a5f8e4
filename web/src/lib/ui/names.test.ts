import { describe, expect, it } from "vitest";
import type { KeptEvent } from "@chinwag/client";
import { words } from "../words/words.js";
import { shortNames } from "./names.js";
import { marked, noticeWords, parted } from "./summary.js";

const CALLED: Readonly<Record<string, string>> = {
  1: "Ben Okafor",
  2: "Ben Stiles",
  3: "Cleo Marchetti",
  4: "J. Doe",
  5: "佐藤 由紀",
  6: words("person.closed"),
};
const names = (account: string): string => CALLED[account] ?? words("you");

describe("first names", () => {
  const short = shortNames(names, Object.keys(CALLED));
  it.each([
    ["1", "Ben Okafor"],
    ["2", "Ben Stiles"],
    ["3", "Cleo"],
    ["4", "J. Doe"],
    ["5", "佐藤"],
    ["6", words("person.closed")],
    ["7", "you"],
  ])("of %s", (account, name) => {
    expect(short(account)).toBe(name);
  });
});

describe("names in notices", () => {
  const notice = (from: string, account: string): KeptEvent =>
    ({ kind: "notice", number: 1, from, change: { type: "joined", account } }) as unknown as KeptEvent;

  it("stand out, also one's own", () => {
    const text = noticeWords([notice("7", "3")], (account) => marked(names(account)));
    expect(parted(text).filter((one) => one.name)).toEqual([
      { text: "You", name: true },
      { text: "Cleo Marchetti", name: true },
    ]);
  });

  it("cannot end early, whatever they are", () => {
    const hostile = `a${marked("")}b`;
    expect(parted(`${marked(hostile)} joined`)).toEqual([
      { text: "ab", name: true },
      { text: " joined", name: false },
    ]);
  });
});
