/** What a text is made of when it is shown: words, links, mentions. Never markup: a text is drawn as it was typed. */

export type Piece =
  | { kind: "text"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "mention"; text: string; account: string };

/** A mentioned person, and the ways in which a text may name it (without the @). */
export interface Named {
  readonly account: string;
  readonly names: readonly string[];
}

/** Longer texts are folded: lines, and characters. */
export const FOLD_LINES = 30;
export const FOLD_CHARACTERS = 3_000;
/** A link longer than this is not made one: nobody can see where it leads. */
const LINK_MOST = 2_000;

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"\u2028\u2029\u202a-\u202e\u2066-\u2069]+/giu;
const TRAILING = /[.,:;!?'"’”»…)\]}]+$/u;

/** The pieces of a text, in order; joined, their texts are the text. */
export function pieces(text: string, mentioned: readonly Named[] = []): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = trimmed(match[0]);
    const href = safeHref(shown);
    if (href === null) continue;
    found.push(...mentions(text.slice(from, match.index), mentioned), { kind: "link", text: shown, href });
    from = match.index + shown.length;
  }
  found.push(...mentions(text.slice(from), mentioned));
  return found;
}

/** The address that a link leads to, or null if it is none of those that may be opened. */
export function safeHref(shown: string): string | null {
  if (shown.length > LINK_MOST) return null;
  try {
    const url = new URL(shown);
    if (url.protocol === "mailto:") return url.pathname.includes("@") ? url.href : null;
    // a name before an @ poses as the host that is meant: https://bank.example@evil.example/
    return (url.protocol === "https:" || url.protocol === "http:") && url.username === "" && url.password === ""
      ? url.href
      : null;
  } catch {
    return null;
  }
}

function trimmed(link: string): string {
  let end = link.length - (TRAILING.exec(link)?.[0].length ?? 0);
  // a bracket that was opened inside belongs to the link: https://en.wikipedia.org/wiki/Order_(ring)
  while (end < link.length && link[end] === ")" && count(link.slice(0, end), "(") > count(link.slice(0, end), ")"))
    end++;
  return link.slice(0, end);
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

function mentions(text: string, mentioned: readonly Named[]): Piece[] {
  if (text === "") return [];
  if (mentioned.length === 0 || !text.includes("@")) return [{ kind: "text", text }];
  // the longest name first: "@Ann Lee" is not "@Ann"
  const names = mentioned
    .flatMap((one) => one.names.filter((name) => name !== "").map((name) => ({ name, account: one.account })))
    .sort((a, b) => b.name.length - a.name.length);
  const found: Piece[] = [];
  let from = 0;
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    if (at > 0 && /[\p{L}\p{N}_]/u.test(text[at - 1] ?? "")) continue;
    const rest = text.slice(at + 1, at + 101);
    const one = names.find(({ name }) => rest.startsWith(name) && !/^[\p{L}\p{N}_]/u.test(rest.slice(name.length)));
    if (one === undefined) continue;
    if (at > from) found.push({ kind: "text", text: text.slice(from, at) });
    found.push({ kind: "mention", text: `@${one.name}`, account: one.account });
    from = at + 1 + one.name.length;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}

let segmenter: Intl.Segmenter | null = null;

/** Whether a text is one to three emoji and nothing else: those are shown large. */
export function onlyEmoji(text: string): boolean {
  if (text.length === 0 || text.length > 60 || !/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(text))
    return false;
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const signs = [...segmenter.segment(text)].map((one) => one.segment);
  return (
    signs.length <= 3 &&
    signs.every((sign) => /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3)/u.test(sign))
  );
}

/** The beginning of a text that is too long to be shown whole; null if it is not. */
export function folded(text: string): string | null {
  let end = -1;
  for (let line = 0; line < FOLD_LINES; line++) {
    end = text.indexOf("\n", end + 1);
    if (end === -1) break;
  }
  const most = Math.min(end === -1 ? text.length : end, FOLD_CHARACTERS);
  if (most >= text.length) return null;
  // not in the middle of a pair of surrogates
  return text.slice(0, /[\ud800-\udbff]/.test(text[most - 1] ?? "") ? most - 1 : most);
}

/** How many characters (code points) a text has: as the server counts. */
export function characters(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      pairs++;
      i++;
    }
  }
  return text.length - pairs;
}

/** A text in one line, for lists and quotes: at most `most` characters of it are looked at. */
export function oneLine(text: string, most = 200): string {
  const start = text.slice(0, most).replace(/\s+/gu, " ").trim();
  return text.length > most ? `${start}…` : start;
}

/** A text in parts: which are what was searched for, at the beginnings of words, whatever their case. */
export function matched(text: string, query: string): { text: string; hit: boolean }[] {
  const sought = query.trim().split(/\s+/u).filter(Boolean).map(escaped);
  if (sought.length === 0) return [{ text, hit: false }];
  const one = new RegExp(`(?<![\\p{L}\\p{N}])(?:${sought.join("|")})`, "giu");
  const parts: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (const found of text.matchAll(one)) {
    if (found.index > from) parts.push({ text: text.slice(from, found.index), hit: false });
    parts.push({ text: found[0], hit: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false });
  return parts;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
