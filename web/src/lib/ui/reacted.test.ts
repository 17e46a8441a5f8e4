import { shownReaction } from "@chinwag/client";
import { expect, it } from "vitest";
import { heardReactions, whoReacted } from "./reacted.js";
import { mutedUntil, mutedWords } from "./muting.js";

const ME = "1";
const NAMES: Readonly<Record<string, string>> = { "1": "you", "2": "Ben", "3": "Cleo" };
const names = (account: string): string => NAMES[account] ?? "somebody";

it("names who put a reaction on, oneself first, and counts the others", () => {
  const one = { reaction: "👍", count: 2, by: ["2", ME], mine: true };
  expect(whoReacted(one, ME, names)).toBe("You and Ben");
  expect(whoReacted({ ...one, count: 14, by: ["2", "3"] }, ME, names)).toBe("You, Ben, Cleo and 11 others");
  expect(whoReacted({ ...one, count: 13, by: ["2"], mine: false }, ME, names)).toBe("Ben and 12 others");
});

it("says all that is on a message", () => {
  const heart = { reaction: "❤", count: 3, by: ["2"], mine: false };
  expect(heardReactions([heart, { ...heart, reaction: "👍", count: 1 }], shownReaction)).toBe(
    ", Reactions: ❤\uFE0F 3, 👍 1",
  );
  expect(heardReactions([], shownReaction)).toBe("");
});

it("tells until when a conversation is muted, unless nobody will see that", () => {
  const now = Date.UTC(2026, 10, 26);
  expect(mutedWords(mutedUntil(3_600_000, now), now)).toMatch(/^Muted until .*2026/);
  expect(mutedWords(mutedUntil(null, now), now)).toBe("Muted");
});
