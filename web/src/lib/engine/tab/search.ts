/** Words in what is cached. */
import { folded, type KeptEvent } from "@chinwag/client";
import type { FoundMessage } from "../api.js";
import type { AccountDatabase } from "../store/database.js";

/** Events that one search looks at, the newest of each conversation first. */
const LOOKED_AT = 20_000;
/** Events of one step: between two, the database serves others. */
const STEP = 500;
/** Characters of a text that are looked at, in pieces of what `folded` takes. */
const CHARACTERS = 4_000;
const PIECE = 200;

/** Cached messages whose text has all `parts` (folded), the newest first, at most `limit`. */
export async function search(
  database: AccountDatabase,
  parts: readonly string[],
  limit: number,
  textOf: (event: KeptEvent) => string | null,
): Promise<FoundMessage[]> {
  const found: FoundMessage[] = [];
  let from: IDBValidKey | null = null;
  for (let looked = 0; looked < LOOKED_AT; looked += STEP) {
    const range: IDBKeyRange | null = from === null ? null : IDBKeyRange.upperBound(from, true);
    const step = await database.run(["events"], "readonly", async (tx) => {
      const records = [];
      for (let at = await tx.objectStore("events").openCursor(range, "prev"); at && records.length < STEP;) {
        records.push(at.value);
        at = await at.continue();
      }
      return records;
    });
    for (const { conversation, event } of step) {
      const text = textOf(event);
      if (text !== null && holds(text, parts)) found.push({ conversation, event });
    }
    const last = step.at(-1);
    if (last === undefined || step.length < STEP) break;
    from = [last.conversation, last.number];
  }
  return found.sort((a, b) => b.event.sent_at - a.event.sent_at).slice(0, limit);
}

function holds(text: string, parts: readonly string[]): boolean {
  let whole = "";
  const end = Math.min(text.length, CHARACTERS);
  for (let at = 0; at < end; at += PIECE) whole += folded(text.slice(at, Math.min(at + PIECE, end)));
  return parts.every((part) => whole.includes(part));
}
