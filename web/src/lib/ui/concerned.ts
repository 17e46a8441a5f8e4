/** Whom the events that a window shows are by or about. */
import { isNotice, type KeptEvent } from "@chinwag/client";

/** Their ids, each once and in order, parted by spaces: the same value as long as they are the same. */
export function concerned(events: Iterable<KeptEvent | null>): string {
  const found = new Set<string>();
  for (const event of events) {
    if (event === null) continue;
    found.add(event.from);
    if (!isNotice(event)) continue;
    const { change } = event;
    if ("account" in change) found.add(change.account);
    if (change.type === "created") for (const account of Object.keys(change.members)) found.add(account);
  }
  return [...found].sort().join(" ");
}
