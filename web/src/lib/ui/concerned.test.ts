import { expect, it } from "vitest";
import type { KeptEvent } from "@chinwag/client";
import { concerned } from "./concerned.js";
import { shortNames } from "./names.js";

const event = (kind: string, from: string, more: object = {}): KeptEvent =>
  ({ kind, from, number: 1, ...more }) as unknown as KeptEvent;
const CALLED: Readonly<Record<string, string>> = { 1: "Olga Orr", 2: "Ben Okafor", 3: "Ben Stiles", 4: "Cleo May" };

it("tells apart by notices those of one first name whom nobody lists as members", () => {
  const shown = concerned([
    event("notice", "2", { change: { type: "joined", account: "2" } }),
    event("notice", "1", { change: { type: "removed", account: "3" } }),
    event("notice", "4", { change: { type: "joined", account: "4" } }),
  ]);
  const short = shortNames((account) => CALLED[account] ?? "", new Set(["1", ...shown.split(" ")]));
  expect(["1", "2", "3", "4"].map(short)).toEqual(["Olga", "Ben Okafor", "Ben Stiles", "Cleo"]);
});

it("is the same value while the same people are shown, whatever is said", () => {
  const members = { 1: "owner", 3: "member" };
  const before = [event("notice", "1", { change: { type: "created", title: "Tea", members } })];
  const after = [null, event("message", "3"), event("message", "1"), ...before, event("message", "3")];
  expect(concerned(after)).toBe(concerned(before));
  expect(concerned(before)).toBe("1 3");
});
