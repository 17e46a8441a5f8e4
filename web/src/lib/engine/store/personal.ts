/** What a tab writes by itself, whether or not an engine leads: lines, drafts, how far one has read. */
import type { Outgoing } from "@chinwag/client";
import type { Draft } from "../api.js";
import type { AccountDatabase } from "./database.js";
import type { CarriedMedia, DraftRecord, FileRecord, MarkRecord, OutboxRecord, UnreadRecord } from "./records.js";

/** Lines that may wait. */
export const OUTBOX = 1_000;

/** As many lines wait as may. */
export class OutboxFull extends Error {
  override readonly name = "OutboxFull";
}

/** The browser gives no more room for what is to be kept. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

export interface NewLine {
  conversation: string;
  device: string;
  frame: Outgoing;
  at: number;
  since: number;
  media?: CarriedMedia;
}

/**
 * Keep a line with the file that it carries, and drop the draft that it was, if it is a text: all or nothing. It is on
 * disk when this returns, and has its place among the lines of all tabs. `room`: far fewer lines wait than may. Then all
 * is given to the browser in the same task, and a page that goes right after it takes nothing back. Fails with
 * `OutboxFull`, `NoRoom`, or as the database does.
 */
export async function addLine(
  database: AccountDatabase,
  line: NewLine,
  room = false,
  file: Omit<FileRecord, "id"> | null = null,
): Promise<OutboxRecord> {
  try {
    return await keepLine(database, line, room, file);
  } catch (error) {
    const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
    throw isFull ? new NoRoom("the browser has no room for it", { cause: error }) : error;
  }
}

async function keepLine(
  database: AccountDatabase,
  line: NewLine,
  room: boolean,
  file: Omit<FileRecord, "id"> | null,
): Promise<OutboxRecord> {
  return database.run(
    ["outbox", "files", "drafts"],
    "readwrite",
    async (tx) => {
      const store = tx.objectStore("outbox");
      if (!room && (await store.count()) >= OUTBOX) throw new OutboxFull(`${OUTBOX} lines wait already`);
      const record = { ...line, id: line.frame.id, refused: null, placed: null };
      const added = store.add(record as OutboxRecord);
      if (file !== null) void tx.objectStore("files").add({ ...file, id: record.id });
      const isDraft = line.frame.type === "send" && line.media === undefined;
      const dropped = isDraft ? tx.objectStore("drafts").delete(line.conversation) : null;
      tx.commit();
      const [order] = await Promise.all([added, dropped]);
      return { ...record, order };
    },
    "strict",
  );
}

/** Drop a line that was refused. Returns false if it is no such line (any more). */
export async function dropRefused(database: AccountDatabase, order: number): Promise<boolean> {
  return database.run(["outbox", "files"], "readwrite", async (tx) => {
    const record = await tx.objectStore("outbox").get(order);
    if (record === undefined || record.refused === null) return false;
    await tx.objectStore("outbox").delete(order);
    await tx.objectStore("files").delete(record.id);
    return true;
  });
}

export async function lines(database: AccountDatabase): Promise<OutboxRecord[]> {
  return database.run(["outbox"], "readonly", (tx) => tx.objectStore("outbox").getAll());
}

/** What a line carries; null: nothing (any more). */
export async function fileOf(database: AccountDatabase, id: string): Promise<FileRecord | null> {
  return database.run(["files"], "readonly", async (tx) => (await tx.objectStore("files").get(id)) ?? null);
}

/** Keep how far one has read, if it is further than before. */
export async function addMark(database: AccountDatabase, mark: MarkRecord): Promise<void> {
  await database.run(["marks"], "readwrite", async (tx) => {
    const held = await tx.objectStore("marks").get(mark.conversation);
    if (held === undefined || held.number < mark.number) await tx.objectStore("marks").put(mark);
  });
}

export async function marks(database: AccountDatabase): Promise<MarkRecord[]> {
  return database.run(["marks"], "readonly", (tx) => tx.objectStore("marks").getAll());
}

/** Keep from where on a conversation is to be unread; null: it counts as it was read. */
export async function keepUnread(
  database: AccountDatabase,
  conversation: string,
  from: UnreadRecord | null,
): Promise<void> {
  await database.run(["unread"], "readwrite", async (tx) => {
    const store = tx.objectStore("unread");
    await (from === null ? store.delete(conversation) : store.put(from));
  });
}

export async function unreads(database: AccountDatabase): Promise<UnreadRecord[]> {
  return database.run(["unread"], "readonly", (tx) => tx.objectStore("unread").getAll());
}

export async function keepDraft(database: AccountDatabase, conversation: string, draft: Draft | null): Promise<void> {
  await database.run(["drafts"], "readwrite", async (tx) => {
    const store = tx.objectStore("drafts");
    await (draft === null ? store.delete(conversation) : store.put({ ...draft, conversation }));
  });
}

export async function drafts(database: AccountDatabase): Promise<DraftRecord[]> {
  return database.run(["drafts"], "readonly", (tx) => tx.objectStore("drafts").getAll());
}
