/** What a switcher offers: the best first. */

/** Something that can be gone to. `words`: its name, and others by which it is found. */
export interface Candidate {
  readonly words: readonly string[];
  readonly unread: number;
  /** When something happened there last, in milliseconds; 0: never. */
  readonly at: number;
  /** Conversations stand before people. */
  readonly kind: "conversation" | "person";
}

/** Longer names are looked at up to here: what a name may cost is bounded. */
const LONGEST = 200;

/** A text as it is compared: without case, accents and the difference of compatible forms. */
export function folded(text: string): string {
  return text
    .slice(0, LONGEST)
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();
}

/**
 * The candidates that fit `query`, the best first, at most `limit`. Without a query: unread ones first, then recent.
 * With one: a word's beginning beats its middle, then conversations beat people, then recent beats old.
 */
export function ranked<T extends Candidate>(candidates: Iterable<T>, query: string, limit: number): T[] {
  const parts = folded(query).split(/\s+/).filter(Boolean);
  const scored: { one: T; score: number }[] = [];
  for (const one of candidates) {
    const score = parts.length === 0 ? Number(one.unread > 0) : fit(one, parts);
    if (score !== null) scored.push({ one, score });
  }
  scored.sort((a, b) => b.score - a.score || kindOrder(a.one) - kindOrder(b.one) || b.one.at - a.one.at);
  return scored.slice(0, limit).map(({ one }) => one);
}

function kindOrder(one: Candidate): number {
  return one.kind === "conversation" ? 0 : 1;
}

/** 2: each part begins a word; 1: each is somewhere; null: it does not fit. */
function fit(one: Candidate, parts: readonly string[]): number | null {
  const text = folded(one.words.join(" "));
  const words = text.split(/[^\p{L}\p{N}]+/u);
  let score = 2;
  for (const part of parts) {
    if (words.some((word) => word.startsWith(part)) || text.startsWith(part)) continue;
    if (!text.includes(part)) return null;
    score = 1;
  }
  return score;
}
