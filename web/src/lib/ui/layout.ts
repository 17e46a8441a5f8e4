/**
 * How rows become what is drawn: days, runs of one person's messages, notices folded together, the line above what is
 * new. Pure: the same rows give the same drawing.
 */
import { isMessage, isNotice, type KeptEvent, type Media, mediaOf } from "@chinwag/client";
import type { Row, Unsent, UnsentMedia } from "../engine/api.js";
import { folds, sentAt } from "../engine/folding.js";
import { dayOf } from "./times.js";

export { FOLD_MS, sentAt } from "../engine/folding.js";

/** One person's messages belong together within this time. */
export const RUN_MS = 5 * 60_000;

export type Item =
  | { kind: "day"; key: string; at: number }
  | { kind: "fresh"; key: string }
  | { kind: "notices"; key: string; events: readonly KeptEvent[]; rows: readonly Row[] }
  | { kind: "run"; key: string; author: string; mine: boolean; rows: readonly Row[] };

/** When a row was sent or written. */
export function timeOf(row: Row): number {
  return row.unsent !== null ? row.unsent.at : sentAt(row.event);
}

export function authorOf(event: KeptEvent): string {
  return "from" in event && typeof event.from === "string" ? event.from : "";
}

/** Whether a row is drawn as a bubble: messages, what waits, and kinds that this version does not know. */
function speaks(row: Row): boolean {
  return row.unsent !== null || isMessage(row.event) || !isKnown(row.event);
}

function isKnown(event: KeptEvent): boolean {
  return isMessage(event) || isNotice(event) || ["edited", "deleted", "reaction"].includes(event.kind);
}

/** What to draw, from the top. freshFrom: the first number that was unread when the conversation was opened. */
export function layout(rows: readonly Row[], me: string, freshFrom: number | null): Item[] {
  const items: Item[] = [];
  let day = -1;
  let fresh = freshFrom === null;
  for (const row of rows) {
    const at = timeOf(row);
    const breaks = dayOf(at) !== day;
    if (breaks) {
      day = dayOf(at);
      items.push({ kind: "day", key: `day:${day}:${row.key}`, at });
    }
    const begins = !fresh && row.number !== null && freshFrom !== null && row.number >= freshFrom;
    if (begins) {
      fresh = true;
      items.push({ kind: "fresh", key: "fresh" });
    }
    const last = breaks || begins ? undefined : items[items.length - 1];
    if (speaks(row)) {
      const author = row.unsent !== null ? me : authorOf(row.event);
      if (
        last?.kind === "run" &&
        last.author === author &&
        at - timeOf(last.rows[last.rows.length - 1] as Row) <= RUN_MS
      ) {
        items[items.length - 1] = { ...last, rows: [...last.rows, row] };
      } else {
        items.push({ kind: "run", key: `run:${row.key}`, author, mine: author === me, rows: [row] });
      }
    } else if (row.event !== null) {
      const before = last?.kind === "notices" ? last : null;
      if (before !== null && folds(before.events[0], row.event)) {
        items[items.length - 1] = { ...before, events: [...before.events, row.event], rows: [...before.rows, row] };
      } else {
        items.push({ kind: "notices", key: `notice:${row.key}`, events: [row.event], rows: [row] });
      }
    }
  }
  return items;
}

/** One day's part of the log, which its pill stays in. */
export interface Day {
  readonly key: string;
  readonly at: number;
  readonly items: readonly Exclude<Item, { kind: "day" }>[];
}

/** The same by days. A day keeps its key when older messages of it come; a clock that went back makes it twice. */
export function byDay(items: readonly Item[]): Day[] {
  const days: { key: string; at: number; items: Exclude<Item, { kind: "day" }>[] }[] = [];
  const met = new Map<number, number>();
  for (const item of items) {
    if (item.kind === "day") {
      const day = dayOf(item.at);
      const times = met.get(day) ?? 0;
      met.set(day, times + 1);
      days.push({ key: `${day}.${times}`, at: item.at, items: [] });
    } else days[days.length - 1]?.items.push(item);
  }
  return days;
}

/** The text of what waits, or of a message, or what stands beside the media that it carries; null for anything else. */
export function rowText(row: Row): string | null {
  if (row.unsent !== null) return row.unsent.media !== null && row.unsent.text === "" ? null : row.unsent.text;
  return isMessage(row.event) && row.event.body.type === "text"
    ? row.event.body.text
    : mediaOf(row.event)?.caption || null;
}

/** What a row carries besides its text; null: nothing. */
export function rowMedia(row: Row): Media | UnsentMedia | null {
  return row.unsent !== null ? row.unsent.media : mediaOf(row.event);
}

export function isUnsent(last: KeptEvent | Unsent | null): last is Unsent {
  return last !== null && last.kind === "unsent";
}
