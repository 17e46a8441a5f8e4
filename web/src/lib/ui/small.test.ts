import { afterEach, describe, expect, it } from "vitest";
import { ENGLISH } from "../words/english.js";
import { speak, words } from "../words/words.js";
import { findEmoji } from "./emoji.js";
import { groundOf, initials } from "./faces.js";
import { addressOf, parse } from "./route.js";
import { ago, dayName, shortly } from "./times.js";

afterEach(() => {
  speak("en");
});

describe("addresses", () => {
  it.each([
    ["/", "", { at: "chats" }],
    ["/c/g~1", "", { at: "talk", conversation: "g~1", number: null }],
    ["/c/d~1~2/17", "", { at: "talk", conversation: "d~1~2", number: 17 }],
    ["/c/g~1/0", "", { at: "talk", conversation: "g~1", number: null }],
    ["/c/g~1/99999999999999999999", "", { at: "talk", conversation: "g~1", number: null }],
    ["/c/", "", { at: "chats" }],
    ["/c/%E0%A4%A", "", { at: "chats" }],
    ["/people", "", { at: "people" }],
    ["/join", "#abc%20d", { at: "join", code: "abc d" }],
    ["/join", "", { at: "chats" }],
    ["/settings/devices", "", { at: "settings", section: "devices" }],
    ["/anything/else", "", { at: "chats" }],
  ])("%s%s", (path, hash, route) => {
    expect(parse(path, hash)).toEqual(route);
  });
  it("come back as they went", () => {
    expect(parse(addressOf("g~ä/#?", 5))).toEqual({ at: "talk", conversation: "g~ä/#?", number: 5 });
  });
});

describe("faces", () => {
  it.each([
    ["Ben Okafor", "BO"],
    ["olga", "O"],
    ["Emil van Novák", "EN"],
    ["فريد الحسيني", "ف"],
    ["佐藤 由紀", "佐"],
    ["  ", "·"],
    ["…!", "·"],
    ["🦊 fox", "🦊"],
    ["Sunday picnic", "SP"],
  ])("%s", (name, drawn) => {
    expect(initials(name)).toBe(drawn);
  });
  it("have one of eight grounds, always the same", () => {
    const grounds = new Set(Array.from({ length: 200 }, (_, i) => groundOf(String(i * 7919))));
    expect([...grounds].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(groundOf("88")).toBe(groundOf("88"));
  });
});

describe("times", () => {
  const now = new Date(2026, 10, 26, 12).getTime();
  const hours = (n: number): number => now - n * 3_600_000;
  it("are said as people say them", () => {
    expect([ago(now - 5_000, now), ago(now - 60_000, now), ago(hours(0.5), now)]).toEqual([
      "just now",
      "1 minute ago",
      "30 minutes ago",
    ]);
    expect([ago(hours(2), now), ago(hours(26), now), ago(0, now)]).toEqual([
      "today at 10:00",
      "yesterday at 10:00",
      "a long time ago",
    ]);
    expect([dayName(now, now), dayName(hours(24), now), dayName(hours(72), now)]).toEqual([
      "Today",
      "Yesterday",
      "Monday",
    ]);
    expect([shortly(now, now), shortly(hours(72), now), shortly(hours(24 * 20), now)]).toEqual([
      "12:00",
      "Mon",
      "6 Nov",
    ]);
  });
  it("say the year where it is another", () => {
    expect(dayName(new Date(2025, 1, 3).getTime(), now)).toBe("3 February 2025");
  });
});

describe("sentences", () => {
  it("have a form for each count, and numbers as they are written", () => {
    expect(words("list.archive", { n: 1 })).toBe("Archive, 1 conversation");
    expect(words("list.archive", { n: 12_345 })).toBe("Archive, 12,345 conversations");
  });
  it("never take a value for a place", () => {
    expect(words("list.typingBy", { name: "{who} {name}" })).toBe("{who} {name} is typing…");
  });
  it("in the made-up language are longer, with their places whole", () => {
    speak("en-XA");
    for (const [key, sentence] of Object.entries(ENGLISH)) {
      const english: string = typeof sentence === "string" ? sentence : sentence.other;
      const other = words(key as keyof typeof ENGLISH);
      expect(other.length).toBeGreaterThan(english.length);
      expect(other.match(/\{\w+\}/g)).toEqual(english.match(/\{\w+\}/g));
    }
  });
});

it("finds emoji by the beginnings of their words", () => {
  expect(findEmoji("cof").map((one) => one.sign)).toEqual(["☕"]);
  expect(findEmoji("heart re").map((one) => one.sign)).toContain("❤️");
  expect(findEmoji("nothing of the kind")).toEqual([]);
});
