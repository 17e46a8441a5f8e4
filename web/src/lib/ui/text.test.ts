import { describe, expect, it } from "vitest";
import { characters, folded, oneLine, onlyEmoji, pieces, safeHref, FOLD_CHARACTERS } from "./text.js";
import { matched } from "./text.js";

const links = (text: string): string[] => pieces(text).flatMap((one) => (one.kind === "link" ? [one.text] : []));

describe("links", () => {
  it.each([
    ["see https://example.org/a.", ["https://example.org/a"]],
    ["(https://example.org/Order_(ring))", ["https://example.org/Order_(ring)"]],
    ["“https://example.org”, and http://b.example/?q=1!", ["https://example.org", "http://b.example/?q=1"]],
    ["mailto:ben@example.org", ["mailto:ben@example.org"]],
    ["HTTPS://EXAMPLE.ORG/x", ["HTTPS://EXAMPLE.ORG/x"]],
    ["xhttps://example.org", []],
    ["javascript:alert(1) data:text/html,x file:///etc/passwd ftp://example.org", []],
    ["https://bank.example@evil.example/", []],
    ["https://", []],
    ["https://example.org/\u202egpj.exe", ["https://example.org/"]],
  ])("%s", (text, found) => {
    expect(links(text)).toEqual(found);
  });

  it("shows what was typed, whole", () => {
    const text = "a https://example.org/ä?b=c, d mailto:x@y.example. e";
    expect(
      pieces(text)
        .map((one) => one.text)
        .join(""),
    ).toBe(text);
  });

  it("leads only where may be gone", () => {
    expect(safeHref("javascript:alert(1)")).toBeNull();
    expect(safeHref(`https://example.org/${"x".repeat(3000)}`)).toBeNull();
    expect(safeHref("https://example.org/a b")).toBe("https://example.org/a%20b");
  });

  it("does not take long over what looks like many links", () => {
    const text = "https://a.example/)))) ".repeat(4000);
    expect(links(text)).toHaveLength(4000);
  });
});

describe("mentions", () => {
  const named = [
    { account: "1", names: ["Ann", "ann"] },
    { account: "2", names: ["Ann Lee", "lee"] },
  ];
  const found = (text: string): string[] =>
    pieces(text, named).flatMap((one) => (one.kind === "mention" ? [`${one.account}:${one.text}`] : []));

  it("takes the longest name that fits, and whole words only", () => {
    expect(found("@Ann Lee and @Ann, @Anna, x@ann @lee!")).toEqual(["2:@Ann Lee", "1:@Ann", "2:@lee"]);
  });

  it("leaves the text as it is", () => {
    const text = "hi @Ann Lee @nobody @";
    expect(
      pieces(text, named)
        .map((one) => one.text)
        .join(""),
    ).toBe(text);
  });
});

describe("emoji alone", () => {
  it.each(["🙏", "👍🏽👩‍👩‍👧", "🇨🇿", "1️⃣", "❤️🔥✨"])("%s is large", (text) => {
    expect(onlyEmoji(text)).toBe(true);
  });
  it.each(["", "a", "1", "🙏 ok", "😀😀😀😀", "12", "#"])("%s is not", (text) => {
    expect(onlyEmoji(text)).toBe(false);
  });
});

describe("long texts", () => {
  it("fold after thirty lines or three thousand characters", () => {
    expect(folded("x\n".repeat(29) + "x")).toBeNull();
    expect(folded("x\n".repeat(40))).toBe("x\n".repeat(29) + "x");
    expect(folded("x".repeat(FOLD_CHARACTERS))).toBeNull();
    expect(folded("x".repeat(FOLD_CHARACTERS + 1))).toHaveLength(FOLD_CHARACTERS);
  });
  it("never fold in the middle of a character", () => {
    const text = "x" + "😀".repeat(FOLD_CHARACTERS);
    const start = folded(text) ?? "";
    expect(start.endsWith("😀")).toBe(true);
  });
  it("are counted as the server counts them", () => {
    expect(characters("a😀\ud83d")).toBe(3);
    expect(characters("😀".repeat(1000))).toBe(1000);
  });
  it("stand in one line in lists", () => {
    expect(oneLine("  a\n\n b\tc ")).toBe("a b c");
    expect(oneLine("x".repeat(300))).toBe("x".repeat(200) + "…");
  });
});

describe("what was searched for", () => {
  it.each([
    ["Chinwag developers", "de", "Chinwag |de|velopers"],
    ["Devika Rao", "DE ra", "|De|vika |Ra|o"],
    ["made", "de", "made"],
    ["a .b (c)", ".b (", "a |.b| |(|c)"],
    ["Elder", " ", "Elder"],
  ])("in %s by %s", (text, query, marked) => {
    const parts = matched(text, query);
    expect(parts.map((one) => (one.hit ? `|${one.text}|` : one.text)).join("")).toBe(marked);
  });
});
