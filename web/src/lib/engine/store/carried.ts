/** What lines and messages carry besides words: how it is kept. */
import { PREVIEWS } from "./bounds.js";
import type { Tx } from "./database.js";
import type { CarriedMedia, OutboxRecord, PreviewRecord } from "./records.js";

/** A line whose media is at another stage: it goes with the upload's id once all is there. */
export function afterStage(record: OutboxRecord, change: Partial<CarriedMedia>): OutboxRecord {
  if (record.media === undefined || record.frame.type !== "send" || record.frame.body.type !== "media") return record;
  const media = { ...record.media, ...change };
  const body = { ...record.frame.body, upload: media.upload ?? "" };
  return {
    ...record,
    media,
    refused: change.ready === false ? null : record.refused,
    frame: { ...record.frame, body },
  };
}

/** Of one message, or of a whole conversation. */
export async function dropPreviews(tx: Tx<"readwrite">, conversation: string, number?: number): Promise<void> {
  // Of keys that begin alike an empty list is the last.
  const range =
    number === undefined
      ? IDBKeyRange.bound([conversation], [conversation, []])
      : IDBKeyRange.bound([conversation, number], [conversation, number, []]);
  await tx.objectStore("previews").delete(range);
}

/** Keep one more; the oldest make room for it. */
export async function putPreview(tx: Tx<"readwrite">, preview: PreviewRecord): Promise<void> {
  const store = tx.objectStore("previews");
  await store.put(preview);
  const excess = (await store.count()) - PREVIEWS;
  if (excess > 0) {
    // Some are let go at a time, so that not every one has to make room.
    const oldest = await store.index("at").getAllKeys(null, excess + PREVIEWS / 10);
    for (const key of oldest) await store.delete(key);
  }
}
