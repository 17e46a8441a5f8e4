/** Notices that are drawn as one: who joined within an hour, and who left. */
import { isNotice, type KeptEvent } from "@chinwag/client";

/** Notices of one kind are folded within this time. */
export const FOLD_MS = 60 * 60_000;

export function sentAt(event: KeptEvent): number {
  return "sent_at" in event && typeof event.sent_at === "number" ? event.sent_at : 0;
}

/** Whether `next`, which follows those that `first` begins, is drawn with them. */
export function folds(first: KeptEvent | undefined, next: KeptEvent): boolean {
  if (first === undefined || !isNotice(first) || !isNotice(next)) return false;
  const kind = next.change.type;
  return (
    (kind === "joined" || kind === "left") && first.change.type === kind && sentAt(next) - sentAt(first) <= FOLD_MS
  );
}

/** For each event the row, from 0 on, in which it is drawn. Joinings in a row share one. */
export function places(events: readonly KeptEvent[]): number[] {
  let first: KeptEvent | undefined;
  let place = -1;
  return events.map((event) => {
    if (!folds(first, event)) {
      first = event;
      place += 1;
    }
    return place;
  });
}
