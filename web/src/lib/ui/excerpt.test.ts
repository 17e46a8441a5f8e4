import { expect, it } from "vitest";
import { excerpt } from "./excerpt.js";

const marked = (text: string, ranges: { start: number; end: number }[]): string =>
  excerpt(text, ranges)
    .map((part) => (part.hit ? `[${part.text}]` : part.text))
    .join("");

it("marks what was looked for, by code points", () => {
  expect(marked("🙂🙂 cafe and Café", [{ start: 3, end: 7 }, { start: 12, end: 16 }])).toBe("🙂🙂 [cafe] and [Café]"); // prettier-ignore
  expect(marked("nothing", [])).toBe("nothing");
});

it("shows of a long text what stands around the first place", () => {
  const text = `${"a".repeat(500)}天气${"b".repeat(500)}`;
  const shown = marked(text, [{ start: 500, end: 502 }]);
  expect(shown).toBe(`…${"a".repeat(40)}[天气]${"b".repeat(198)}…`);
});

it("takes ranges that overlap, or lie outside, as far as they fit", () => {
  expect(marked("abcdef", [{ start: 1, end: 4 }, { start: 2, end: 99 }, { start: 50, end: 60 }])).toBe("a[bcd][ef]"); // prettier-ignore
});
