/** What of a found text is shown: around the first place that was looked for, with all such places marked. */

/** Code points of a text, from the one at `start` to before the one at `end`, as the server counts. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Code points before the first place, and in all. */
const BEFORE = 40;
const MOST = 240;

/** The text in parts: which were looked for. `ranges` rise; those that overlap, or lie outside, are taken as far as they fit. */
export function excerpt(text: string, ranges: readonly Span[]): { text: string; hit: boolean }[] {
  const points = Array.from(text);
  const first = ranges[0]?.start ?? 0;
  const from = first > BEFORE && points.length > MOST ? first - BEFORE : 0;
  const to = Math.min(points.length, from + MOST);
  const parts: { text: string; hit: boolean }[] = [];
  const add = (start: number, end: number, hit: boolean): void => {
    if (end > start) parts.push({ text: points.slice(start, end).join(""), hit });
  };
  if (from > 0) parts.push({ text: "…", hit: false });
  let at = from;
  for (const { start, end } of ranges) {
    const low = Math.min(Math.max(start, at), to);
    const high = Math.min(Math.max(end, low), to);
    add(at, low, false);
    add(low, high, true);
    at = high;
  }
  add(at, to, false);
  if (to < points.length) parts.push({ text: "…", hit: false });
  return parts;
}
