/** What the leading engine writes. Each transaction checks that it leads still: one that was replaced changes nothing. */
import {
  afterContent,
  type ChangeEvent,
  type Content,
  type Cursor,
  isChange,
  isDeleted,
  isDeletion,
  isWithheld,
  type KeptEvent,
  newer,
  type Own,
  type Range,
  type User,
  withRange,
} from "@chinwag/client";
import { bytesOf, cut, EVENTS, keptNumbers, NEWEST, tooMuch } from "./bounds.js";
import type { AccountDatabase, Tx } from "./database.js";
import { afterStage, dropPreviews, putPreview } from "./carried.js";
import { state } from "./reading.js";
import {
  CACHED,
  type CarriedMedia,
  type ConversationRecord,
  type EventRecord,
  type MarkRecord,
  type OutboxRecord,
  type PreviewRecord,
  type StoreName,
} from "./records.js";

/** Another engine leads. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

export interface Batch {
  /** All up to there is in this batch or was kept before. */
  cursor?: Cursor;
  conversations?: Iterable<ConversationRecord>;
  /** What is cached of these is let go first: it may have been changed unheard. */
  unheard?: Iterable<string>;
  /** As an inbox brings them: what stands in a conversation, and what changes that. */
  events?: Iterable<KeptEvent>;
  /** What has a number, and is shown to nobody. */
  passed?: Iterable<KeptEvent>;
  /** Messages and notices as a page has them. */
  contents?: Iterable<Content>;
  own?: Own;
  /** One's own lines whose events came. */
  placed?: Iterable<{ conversation: string; id: string }>;
  /** Conversations whose own read mark came back, and its number. */
  confirmed?: ReadonlyMap<string, number>;
  dropped?: Iterable<string>;
  /** The ranges of these conversations tell what this batch makes known, besides what was. */
  known?: boolean;
}

/** A page of history, as it was at `head`. */
export interface HistoryPage {
  events: readonly KeptEvent[];
  /** All of it is known by the page. */
  range: Range;
  head: number;
  /** What these events answer and is not among them, without reactions. */
  quoted?: readonly KeptEvent[] | undefined;
}

export interface Held {
  cursor: Cursor | null;
  conversations: ConversationRecord[];
  people: User[];
  own: Own | null;
  marks: MarkRecord[];
  outbox: OutboxRecord[];
}

const ALL: StoreName[] = ["state", "conversations", "events", "people", "marks", "outbox", "files", "previews"];

export class EngineStore {
  private readonly database: AccountDatabase;
  private readonly me: string;
  private leadership = 0;

  constructor(database: AccountDatabase) {
    this.database = database;
    this.me = database.account;
  }

  /** Take the lead: from here on, every engine that led before finds itself replaced. Returns its number. */
  async lead(): Promise<number> {
    this.leadership = await this.database.run(["state"], "readwrite", async (tx) => {
      const next = ((await state(tx, "leadership")) ?? 0) + 1;
      await tx.objectStore("state").put(next, "leadership");
      return next;
    });
    return this.leadership;
  }

  /** All that an engine keeps in mind. What can't be read of the cache is dropped, and loaded afresh. */
  async held(): Promise<Held> {
    const personal = await this.run(["marks", "outbox"], async (tx) => ({
      marks: await tx.objectStore("marks").getAll(),
      outbox: await tx.objectStore("outbox").getAll(),
    }));
    try {
      return await this.run(ALL, async (tx) => ({
        ...personal,
        cursor: (await state(tx, "cursor")) ?? null,
        conversations: await tx.objectStore("conversations").getAll(),
        people: await tx.objectStore("people").getAll(),
        own: (await state(tx, "own")) ?? null,
      }));
    } catch (error) {
      if (error instanceof Deposed) throw error;
      await this.clear();
      return { ...personal, cursor: null, conversations: [], people: [], own: null };
    }
  }

  /** Keep a batch whole. Returns the records of its conversations as they are now, events counted. */
  async commit(batch: Batch): Promise<ConversationRecord[]> {
    return this.run(ALL, async (tx) => {
      const records = new Map<string, ConversationRecord>();
      const unheard = new Set(batch.unheard);
      for (const one of batch.conversations ?? []) {
        // What is cached of it, and how much, only transactions know: pages come in beside events.
        const held = (await tx.objectStore("conversations").get(one.id)) ?? one;
        const { ranges, count, bytes, opened } = unheard.has(one.id) ? await emptied(tx, held) : held;
        const all = batch.known ? one.ranges.reduce(withRange, ranges) : ranges;
        records.set(one.id, { ...one, ranges: all, count, bytes, opened });
      }
      for (const content of batch.contents ?? []) {
        const record = records.get(content.event.conversation);
        if (record !== undefined) records.set(record.id, await withContent(tx, record, content));
      }
      for (const event of batch.events ?? []) {
        const record = records.get(event.conversation);
        if (record !== undefined) records.set(record.id, await withEvent(tx, record, event, this.me));
      }
      for (const { conversation, number } of batch.passed ?? []) {
        const record = records.get(conversation);
        if (record !== undefined) {
          records.set(conversation, { ...record, ranges: withRange(record.ranges, [number, number]) });
        }
      }
      for (const [id, record] of records) records.set(id, await bounded(tx, record, record.kept.head, EVENTS));
      await Promise.all([...records.values()].map((one) => tx.objectStore("conversations").put(one)));
      for (const [id, numbers] of deletedBy(batch)) await dropEdits(tx, id, numbers);
      for (const { conversation, id } of batch.placed ?? []) await removeLine(tx, conversation, id);
      for (const [conversation, number] of batch.confirmed ?? []) await confirm(tx, conversation, number);
      for (const id of batch.dropped ?? []) await dropConversation(tx, id);
      if (batch.own !== undefined) await tx.objectStore("state").put(batch.own, "own");
      if (batch.cursor !== undefined) {
        await tx.objectStore("state").put(batch.cursor, "cursor");
        await tx.objectStore("state").put(Date.now(), "asOf");
      }
      return [...records.values()];
    });
  }

  /**
   * Keep a page of history: its events, and that all of its range is known. `since`: changes that came after the page
   * was asked for. Returns the record; null: it is gone.
   */
  async keepPage(
    conversation: string,
    { events: page, range, head, quoted = [] }: HistoryPage,
    since: Iterable<ChangeEvent> = [],
  ): Promise<ConversationRecord | null> {
    return this.run(["state", "conversations", "events", "outbox", "files", "previews"], async (tx) => {
      let record = await tx.objectStore("conversations").get(conversation);
      if (record === undefined) return null;
      for (const event of page) record = await withContent(tx, record, { event, asOf: head });
      for (const event of quoted) record = await withQuoted(tx, record, event);
      await dropEdits(tx, conversation, new Set(page.filter(isDeleted).map((one) => one.number)));
      for (const change of since) record = await withChange(tx, record, change, this.me);
      record = { ...record, ranges: withRange(record.ranges, range), opened: Date.now() };
      record = await bounded(tx, record, page[Math.floor(page.length / 2)]?.number ?? record.kept.head, EVENTS);
      await tx.objectStore("conversations").put(record);
      return record;
    });
  }

  /** Drop events of what was not opened for long, if all take too much. Returns the records that changed. */
  async trim(most?: number): Promise<ConversationRecord[]> {
    return this.run(["state", "conversations", "events"], async (tx) => {
      const changed: ConversationRecord[] = [];
      for (const id of tooMuch(await tx.objectStore("conversations").getAll(), most)) {
        const record = await tx.objectStore("conversations").get(id);
        if (record === undefined) continue;
        const less = await bounded(tx, record, record.kept.head, NEWEST);
        await tx.objectStore("conversations").put(less);
        changed.push(less);
      }
      return changed;
    });
  }

  /** The server placed a line; its event is still to come, unless it is here already. */
  async placed(conversation: string, id: string, number: number, here: boolean): Promise<void> {
    await this.run(["state", "outbox", "files"], async (tx) => {
      if (here) await removeLine(tx, conversation, id);
      else await changeLine(tx, conversation, id, (record) => ({ ...record, placed: number }));
    });
  }

  /** The server refused a line for good. Of a message that is deleted nothing is left to be changed, nor words to keep. */
  async refused(conversation: string, id: string, code: string): Promise<void> {
    await this.run(["state", "outbox", "files"], (tx) =>
      changeLine(tx, conversation, id, (record) => {
        const { type } = record.frame;
        const over = code === "message_deleted" && (type === "edit" || type === "delete");
        return over ? null : { ...record, refused: code };
      }),
    );
  }

  /** What a line carries is at another stage. Returns the line as it is now; null: it is gone. */
  async carries(conversation: string, id: string, change: Partial<CarriedMedia>): Promise<OutboxRecord | null> {
    return this.run(["state", "outbox", "files"], async (tx) => {
      let next: OutboxRecord | null = null;
      await changeLine(tx, conversation, id, (record) => {
        next = afterStage(record, change);
        return next;
      });
      return next;
    });
  }

  /** The person took a line back. */
  async takeBack(conversation: string, id: string): Promise<void> {
    await this.run(["state", "outbox", "files"], (tx) => removeLine(tx, conversation, id));
  }

  /**
   * Keep a preview of what a message carries. `since`: changes that came after it was asked for. Of what is deleted, or of
   * what one may not read now, nothing is kept.
   */
  async keepPreview(preview: PreviewRecord, since: Iterable<ChangeEvent> = []): Promise<boolean> {
    const { conversation, number } = preview;
    return this.run(["state", "events", "previews"], async (tx) => {
      const held = (await tx.objectStore("events").get([conversation, number]))?.event;
      const over = [...since].some((one) => isDeletion(one) && one.target === number);
      if (over || (held !== undefined && (isDeleted(held) || isWithheld(held)))) return false;
      await putPreview(tx, preview);
      return true;
    });
  }

  /**
   * All was loaded afresh: what has its place up to `heads` is done with. `restored`: the server went back to a backup,
   * so what it had placed goes again, with the same id. Returns all that is left.
   */
  async settle(heads: ReadonlyMap<string, number>, restored: boolean): Promise<OutboxRecord[]> {
    return this.run(["state", "outbox", "files"], async (tx) => {
      const store = tx.objectStore("outbox");
      for (const record of await store.getAll()) {
        if (record.placed === null) continue;
        if (restored) await store.put({ ...record, placed: null });
        else if ((heads.get(record.conversation) ?? 0) >= record.placed) {
          await removeLine(tx, record.conversation, record.id);
        }
      }
      return store.getAll();
    });
  }

  /** Lines that came after `order`, of this device or others before it. */
  async linesAfter(order: number): Promise<OutboxRecord[]> {
    return this.run(["state", "outbox"], (tx) => tx.objectStore("outbox").getAll(IDBKeyRange.lowerBound(order, true)));
  }

  /** Lines of another device: those in `placed` go, the others are this device's from now on. */
  async adopt(device: string, placed: readonly number[]): Promise<OutboxRecord[]> {
    return this.run(["state", "outbox", "files"], async (tx) => {
      const store = tx.objectStore("outbox");
      for (const order of placed) {
        const record = await store.get(order);
        if (record !== undefined) await removeLine(tx, record.conversation, record.id);
      }
      for (const record of await store.getAll()) {
        if (record.device !== device) await store.put({ ...record, device, placed: null });
      }
      return store.getAll();
    });
  }

  async marks(): Promise<MarkRecord[]> {
    return this.run(["state", "marks"], (tx) => tx.objectStore("marks").getAll());
  }

  async dropMark(conversation: string, number: number): Promise<void> {
    await this.run(["state", "marks"], (tx) => confirm(tx, conversation, number));
  }

  /** Returns whether anything of it is new. */
  async keepPeople(people: readonly User[]): Promise<boolean> {
    return this.run(["state", "people"], async (tx) => {
      const store = tx.objectStore("people");
      const held = await Promise.all(people.map((one) => store.get(one.id)));
      const fresh = people.filter((one, at) => !isSame(one, held[at]));
      await Promise.all(fresh.map((one) => store.put(one)));
      return fresh.length > 0;
    });
  }

  async upToDate(at: number): Promise<void> {
    await this.run(["state"], async (tx) => {
      await tx.objectStore("state").put(at, "asOf");
    });
  }

  /** Forget what the server has too: it was restored, and what is cached may be wrong. */
  async clear(): Promise<void> {
    await this.run(ALL, async (tx) => {
      await Promise.all(CACHED.map((name) => tx.objectStore(name).clear()));
      await tx.objectStore("state").delete("cursor");
      await tx.objectStore("state").delete("own");
    });
  }

  private run<T>(stores: StoreName[], work: (tx: Tx<"readwrite">) => Promise<T>): Promise<T> {
    const scope: StoreName[] = stores.includes("state") ? stores : ["state", ...stores];
    return this.database.run(scope, "readwrite", async (tx) => {
      if ((await state(tx, "leadership")) !== this.leadership) throw new Deposed("another engine leads");
      return work(tx);
    });
  }
}

/** Which messages a batch says are deleted, by conversation. */
function deletedBy({ events = [], contents = [] }: Batch): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  const add = (id: string, number: number): void => {
    found.set(id, (found.get(id) ?? new Set()).add(number));
  };
  for (const event of events) if (isDeletion(event)) add(event.conversation, event.target);
  for (const { event } of contents) if (isDeleted(event)) add(event.conversation, event.number);
  return found;
}

/** What an inbox brings: it stands there, or changes what does. A change itself is not kept, as it may hold words. */
async function withEvent(
  tx: Tx<"readwrite">,
  record: ConversationRecord,
  event: KeptEvent,
  me: string,
): Promise<ConversationRecord> {
  if (!isChange(event)) return withContent(tx, record, { event, asOf: event.number });
  const changed = await withChange(tx, record, event, me);
  return { ...changed, ranges: withRange(changed.ranges, [event.number, event.number]) };
}

async function withContent(
  tx: Tx<"readwrite">,
  record: ConversationRecord,
  content: Content,
): Promise<ConversationRecord> {
  const { conversation, number } = content.event;
  const held = await tx.objectStore("events").get([conversation, number]);
  const ranges = withRange(record.ranges, [number, number]);
  const next = held === undefined ? content : newer(held, content);
  return put(tx, { ...record, ranges }, held, next);
}

/**
 * A message that another answers. A page has it without its reactions: so it counts as known as of nothing, and no range
 * has it. Whoever comes to it asks for it, and quotes need not.
 */
async function withQuoted(
  tx: Tx<"readwrite">,
  record: ConversationRecord,
  event: KeptEvent,
): Promise<ConversationRecord> {
  const held = await tx.objectStore("events").get([event.conversation, event.number]);
  const given = { event, asOf: 0 };
  return put(tx, record, held, held === undefined ? given : newer(held, given));
}

/** A change of what is not cached changes nothing: a page has it as it is then. */
async function withChange(
  tx: Tx<"readwrite">,
  record: ConversationRecord,
  change: ChangeEvent,
  me: string,
): Promise<ConversationRecord> {
  if (isDeletion(change)) await dropPreviews(tx, change.conversation, change.target);
  const held = await tx.objectStore("events").get([change.conversation, change.target]);
  if (held === undefined) return record;
  const { event, asOf } = held;
  const next = afterContent({ event, asOf }, change, me);
  return next.event === event && next.asOf === asOf ? record : put(tx, record, held, next);
}

async function put(
  tx: Tx<"readwrite">,
  record: ConversationRecord,
  held: EventRecord | undefined,
  { event, asOf }: Content,
): Promise<ConversationRecord> {
  const bytes = bytesOf(event);
  if (isDeleted(event) || isWithheld(event)) await dropPreviews(tx, event.conversation, event.number);
  await tx.objectStore("events").put({ conversation: event.conversation, number: event.number, bytes, event, asOf });
  const count = record.count + (held === undefined ? 1 : 0);
  return { ...record, count, bytes: record.bytes + bytes - (held?.bytes ?? 0) };
}

async function emptied(tx: Tx<"readwrite">, record: ConversationRecord): Promise<ConversationRecord> {
  await tx.objectStore("events").delete(IDBKeyRange.bound([record.id, 0], [record.id, Number.MAX_SAFE_INTEGER]));
  await dropPreviews(tx, record.id);
  return { ...record, ranges: [], count: 0, bytes: 0 };
}

async function bounded(
  tx: Tx<"readwrite">,
  record: ConversationRecord,
  near: number,
  most: number,
): Promise<ConversationRecord> {
  // Some are let go at a time, so that not every event has to make room.
  if (record.count <= most * 1.1) return record;
  const store = tx.objectStore("events");
  const whole = IDBKeyRange.bound([record.id, 0], [record.id, Number.MAX_SAFE_INTEGER]);
  const numbers = (await store.getAllKeys(whole)).map((key) => key[1]);
  const kept = keptNumbers(numbers, near, most);
  if (kept === null) return record;
  await store.delete(IDBKeyRange.bound([record.id, 0], [record.id, kept[0]], false, true));
  await store.delete(IDBKeyRange.bound([record.id, kept[1]], [record.id, Number.MAX_SAFE_INTEGER], true, false));
  const left = await store.getAll(whole);
  return cut(
    record,
    kept,
    left.length,
    left.reduce((sum, one) => sum + one.bytes, 0),
  );
}

function isSame(one: User, held: User | undefined): boolean {
  if (held === undefined) return false;
  const { name, display_name, about, closed, version } = held;
  const words = one.name === name && one.display_name === display_name && one.about === about;
  return words && one.closed === closed && one.version === version;
}

async function removeLine(tx: Tx<"readwrite">, conversation: string, id: string): Promise<void> {
  const order = await tx.objectStore("outbox").index("id").getKey([conversation, id]);
  if (order === undefined) return;
  await tx.objectStore("outbox").delete(order);
  await tx.objectStore("files").delete(id);
}

async function changeLine(
  tx: Tx<"readwrite">,
  conversation: string,
  id: string,
  change: (record: OutboxRecord) => OutboxRecord | null,
): Promise<void> {
  const record = await tx.objectStore("outbox").index("id").get([conversation, id]);
  if (record === undefined) return;
  const next = change(record);
  await (next === null ? tx.objectStore("outbox").delete(record.order) : tx.objectStore("outbox").put(next));
}

/** Messages are deleted: no words that one of them was to say, and that were refused, outlive it. */
async function dropEdits(tx: Tx<"readwrite">, conversation: string, deleted: ReadonlySet<number>): Promise<void> {
  if (deleted.size === 0) return;
  const store = tx.objectStore("outbox");
  for (const { order, conversation: place, frame, refused } of await store.getAll()) {
    if (place !== conversation || frame.type !== "edit" || refused === null) continue;
    if (deleted.has(frame.number)) await store.delete(order);
  }
}

async function confirm(tx: Tx<"readwrite">, conversation: string, number: number): Promise<void> {
  const mark = await tx.objectStore("marks").get(conversation);
  if (mark !== undefined && mark.number <= number) await tx.objectStore("marks").delete(conversation);
}

async function dropConversation(tx: Tx<"readwrite">, id: string): Promise<void> {
  await tx.objectStore("conversations").delete(id);
  await dropPreviews(tx, id);
  await tx.objectStore("events").delete(IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]));
}
