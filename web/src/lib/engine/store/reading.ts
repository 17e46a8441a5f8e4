/** What tabs read of the cache. */
import type { KeptEvent, Own, User } from "@chinwag/client";
import type { PreviewSize } from "../api.js";
import type { AccountDatabase, Tx } from "./database.js";
import type {
  ConversationRecord,
  DraftRecord,
  MarkRecord,
  OutboxRecord,
  StateRecords,
  StoreName,
  UnreadRecord,
} from "./records.js";

/** What is the person's own. */
export interface Personal {
  outbox: OutboxRecord[];
  drafts: DraftRecord[];
  marks: MarkRecord[];
  unread: UnreadRecord[];
}

export interface Cached {
  conversations: ConversationRecord[];
  people: User[];
  own: Own | null;
  asOf: number | null;
}

/** All but the events. */
export async function cached(database: AccountDatabase): Promise<Cached> {
  return database.run(["conversations", "people", "state"], "readonly", async (tx) => {
    const [conversations, people, own, asOf] = await Promise.all([
      tx.objectStore("conversations").getAll(),
      tx.objectStore("people").getAll(),
      state(tx, "own"),
      state(tx, "asOf"),
    ]);
    return { conversations, people, own: own ?? null, asOf: asOf ?? null };
  });
}

export async function state<Name extends keyof StateRecords>(
  tx: Tx<"readonly"> | Tx<"readwrite">,
  name: Name,
): Promise<StateRecords[Name] | undefined> {
  return (await tx.objectStore("state").get(name)) as StateRecords[Name] | undefined;
}

/** All that a tab begins with, as one transaction sees it. */
export async function all(database: AccountDatabase): Promise<Cached & Personal> {
  const stores: StoreName[] = ["conversations", "people", "state", "outbox", "drafts", "marks", "unread"];
  return database.run(stores, "readonly", async (tx) => {
    const [conversations, people, own, asOf, outbox, drafts, marks, unread] = await Promise.all([
      tx.objectStore("conversations").getAll(),
      tx.objectStore("people").getAll(),
      state(tx, "own"),
      state(tx, "asOf"),
      tx.objectStore("outbox").getAll(),
      tx.objectStore("drafts").getAll(),
      tx.objectStore("marks").getAll(),
      tx.objectStore("unread").getAll(),
    ]);
    return { conversations, people, own: own ?? null, asOf: asOf ?? null, outbox, drafts, marks, unread };
  });
}

/** Some conversations; those that are not there are left out. */
export async function conversations(database: AccountDatabase, ids: readonly string[]): Promise<ConversationRecord[]> {
  return database.run(["conversations"], "readonly", async (tx) => {
    const found = await Promise.all(ids.map((id) => tx.objectStore("conversations").get(id)));
    return found.filter((one) => one !== undefined);
  });
}

/** Cached events with numbers from `from` to `to`, rising: the first `limit` of them, or the last. */
export async function events(
  database: AccountDatabase,
  conversation: string,
  [from, to]: readonly [number, number],
  limit: number,
  end: "first" | "last",
): Promise<KeptEvent[]> {
  if (to < from || limit < 1) return [];
  const range = IDBKeyRange.bound([conversation, from], [conversation, to]);
  return database.run(["events"], "readonly", async (tx) => {
    const store = tx.objectStore("events");
    if (end === "first") return (await store.getAll(range, limit)).map((one) => one.event);
    const found: KeptEvent[] = [];
    for (
      let at = await store.openCursor(range, "prev");
      at !== null && found.length < limit;
      at = await at.continue()
    ) {
      found.push(at.value.event);
    }
    return found.reverse();
  });
}

/** One cached event. */
export async function event(
  database: AccountDatabase,
  conversation: string,
  number: number,
): Promise<KeptEvent | null> {
  return database.run(["events"], "readonly", async (tx) => {
    return (await tx.objectStore("events").get([conversation, number]))?.event ?? null;
  });
}

/** A preview of what a message carries, if it is cached. */
export async function preview(
  database: AccountDatabase,
  conversation: string,
  number: number,
  size: PreviewSize,
): Promise<Blob | null> {
  return database.run(["previews"], "readonly", async (tx) => {
    return (await tx.objectStore("previews").get([conversation, number, size]))?.blob ?? null;
  });
}
