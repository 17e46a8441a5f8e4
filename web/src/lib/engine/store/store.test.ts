import "fake-indexeddb/auto";
import type { KeptEvent, View } from "@chinwag/client";
import { deleteDB, openDB } from "idb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { State } from "../leader/state.js";
import { BYTES, cut, EVENTS, keptNumbers, NEWEST, tooMuch } from "./bounds.js";
import { AccountDatabase, databaseName, isOfNewer, LetGo, Outdated, wipe } from "./database.js";
import { Deposed, EngineStore } from "./engine-store.js";
import {
  addLine,
  addMark,
  drafts,
  dropRefused,
  keepDraft,
  keepUnread,
  lines,
  marks,
  OUTBOX,
  OutboxFull,
  unreads,
} from "./personal.js";
import { cached, conversations, event, events } from "./reading.js";
import { type ConversationRecord, FORM } from "./records.js";

const ME = "1";
const ID = "d~1~2";
const QUIET = { slow: () => undefined, outdated: () => undefined };

let database: AccountDatabase;
let store: EngineStore;

function message(number: number, text = `m${number}`): KeptEvent {
  const body = { type: "text" as const, text };
  return {
    kind: "message",
    conversation: ID,
    number,
    ordinal: number,
    from: "2",
    device: "d",
    id: `i${number}`,
    sent_at: number,
    body,
  };
}

function view(head: number, id = ID): View {
  const last = { ...message(head), conversation: id };
  const common = { id, kind: "direct" as const, role: "member" as const, title: "", settings: {}, members: [] };
  const none = { mentions: [], pins: [] };
  return { ...common, ...none, first: 1, head, ordinal: head, shown: head, at: head, read: 0, unread: head, last };
}

/** A conversation with events 1 to `head`, in the database and in a state of its own. */
async function filled(head: number): Promise<{ state: State; record: ConversationRecord }> {
  const state = new State(ME);
  state.view(view(1));
  const changed = new Set<string>();
  const all = Array.from({ length: head }, (_, n) => message(n + 1));
  for (const one of all) state.event(one, changed);
  const [record] = await store.commit({ conversations: state.records.values(), events: all });
  if (record === undefined) throw new Error("nothing was kept");
  return { state, record };
}

function line(n: number, conversation = ID) {
  const frame = { type: "send" as const, id: `l${n}`, conversation, body: { type: "text" as const, text: `${n}` } };
  return { conversation, device: "d1", frame, at: n, since: 0 };
}

beforeEach(async () => {
  database = new AccountDatabase(ME, QUIET);
  store = new EngineStore(database);
  await store.lead();
});

afterEach(async () => {
  database.close();
  await deleteDB(databaseName(ME));
});

it("tells whether anything of somebody is new", async () => {
  const ben = { id: "2", name: "ben", display_name: "Ben", about: "", avatar: "", closed: false, version: 1 };
  expect(await store.keepPeople([ben])).toBe(true);
  expect(await store.keepPeople([ben])).toBe(false);
  expect(await store.keepPeople([ben, { ...ben, id: "3" }])).toBe(true);
  expect(await store.keepPeople([{ ...ben, closed: true }])).toBe(true);
  expect((await cached(database)).people.map((one) => one.closed)).toEqual([true, false]);
});

describe("the lead", () => {
  it("rises, and whoever had it before changes nothing any more", async () => {
    const later = new EngineStore(database);
    expect(await later.lead()).toBe(2);
    const writes: (() => Promise<unknown>)[] = [
      () => store.commit({ cursor: { epoch: 1, position: 9 } }),
      () => store.keepPage(ID, { events: [message(1)], range: [1, 1], head: 1 }),
      () => store.trim(),
      () => store.placed(ID, "l1", 1, true),
      () => store.refused(ID, "l1", "x"),
      () => store.settle(new Map(), true),
      () => store.adopt("d", [1]),
      () => store.dropMark(ID, 1),
      () => store.keepPeople([]),
      () => store.upToDate(1),
      () => store.clear(),
      () => store.linesAfter(0),
      () => store.marks(),
      () => store.held(),
    ];
    for (const write of writes) await expect(write(), write.toString()).rejects.toBeInstanceOf(Deposed);
    expect((await later.held()).cursor).toBeNull();
  });
});

describe("a batch", () => {
  it("is kept whole, cursor and events together", async () => {
    const { state } = await filled(3);
    state.event(message(4), new Set());
    await store.commit({
      cursor: { epoch: 1, position: 4 },
      conversations: state.records.values(),
      events: [message(4)],
    });
    const held = await store.held();
    expect(held.cursor).toEqual({ epoch: 1, position: 4 });
    expect(held.conversations[0]).toMatchObject({ count: 4, ranges: [[1, 4]] });
    expect(await event(database, ID, 4)).toEqual(message(4));
  });

  it("leaves nothing when a part of it cannot be kept", async () => {
    await filled(1);
    const bad = { ...message(3), body: { type: "text", text: () => "no value" } } as unknown as KeptEvent;
    const records = (await store.held()).conversations;
    await expect(
      store.commit({ cursor: { epoch: 1, position: 2 }, conversations: records, events: [message(2), bad] }),
    ).rejects.toThrow();
    expect((await store.held()).cursor).toBeNull();
    expect(await event(database, ID, 2)).toBeNull();
  });

  it("takes a line out of the outbox with the event that it became", async () => {
    const { state } = await filled(1);
    await addLine(database, line(1));
    await addLine(database, line(2));
    await store.commit({ conversations: state.records.values(), placed: [{ conversation: ID, id: "l1" }] });
    expect((await lines(database)).map((one) => one.id)).toEqual(["l2"]);
  });

  it("does not undo what a page brought in meanwhile", async () => {
    const { state, record } = await filled(3);
    await store.commit({ conversations: [{ ...record, ranges: [[3, 3]], count: 1 }] });
    await store.keepPage(ID, { events: [], range: [1, 3], head: 3 });
    await store.commit({ conversations: state.records.values() });
    expect((await conversations(database, [ID]))[0]?.ranges).toEqual([[1, 3]]);
  });
});

describe("a page", () => {
  it("is known with its holes, and read from either end", async () => {
    await filled(1);
    const page = [message(10), message(13), message(15)];
    const record = await store.keepPage(ID, { events: page, range: [10, 20], head: 20 });
    expect(record?.ranges).toEqual([
      [1, 1],
      [10, 20],
    ]);
    const numbers = async (limit: number, end: "first" | "last") =>
      (await events(database, ID, [10, 20], limit, end)).map((one) => one.number);
    expect(await numbers(2, "first")).toEqual([10, 13]);
    expect(await numbers(2, "last")).toEqual([13, 15]);
    expect(await events(database, ID, [20, 10], 5, "first")).toEqual([]);
  });

  it("of a conversation that went is nothing", async () => {
    expect(await store.keepPage("g~9", { events: [message(1)], range: [1, 1], head: 1 })).toBeNull();
  });
});

describe("the bounds", () => {
  it("keep what lies around the number that was looked at", () => {
    const numbers = Array.from({ length: 10 }, (_, n) => n * 2 + 1);
    expect(keptNumbers(numbers, 19, 4)).toEqual([13, 19]);
    expect(keptNumbers(numbers, 1, 4)).toEqual([1, 7]);
    expect(keptNumbers(numbers, 10, 4)).toEqual([7, 13]);
    expect(keptNumbers(numbers, 10, 10)).toBeNull();
  });

  it("let go of events beyond the most of a conversation, and of what is known of them", async () => {
    const { record } = await filled(EVENTS + EVENTS / 10 + 1);
    expect(record.count).toBe(EVENTS);
    const [stored] = await conversations(database, [ID]);
    const [low, high] = stored?.ranges[0] ?? [0, 0];
    expect(high).toBe(stored?.kept.head);
    expect(high - low + 1).toBe(EVENTS);
    expect(await event(database, ID, low - 1)).toBeNull();
    expect(await event(database, ID, low)).not.toBeNull();
    expect(stored?.bytes).toBeGreaterThan(0);
  });

  it("drop the least recently opened first, and never what is seen at once", async () => {
    const { record } = await filled(NEWEST * 3);
    const one = (id: string, bytes: number, opened: number) => ({ ...record, id, bytes, opened });
    const all = [one("a", BYTES, 3), one("b", BYTES, 1), one("c", 1, 2)];
    expect(tooMuch(all)).toEqual(["b", "c"]);
    expect(tooMuch([{ ...one("a", BYTES * 2, 1), count: NEWEST }])).toEqual([]);
    const [trimmed] = await store.trim(0);
    expect(trimmed?.count).toBe(NEWEST);
    expect(await event(database, ID, NEWEST * 2)).toBeNull();
    expect(await event(database, ID, NEWEST * 3)).not.toBeNull();
  });

  it("cut what is known with what is kept", () => {
    const state = new State(ME);
    const record = { ...state.view(view(100)), ranges: [[1, 100]] as [number, number][] };
    expect(cut(record, [40, 60], 10, 5)).toMatchObject({ ranges: [[40, 100]], count: 10 });
    expect(cut({ ...record, ranges: [[1, 70]] }, [40, 60], 10, 5)).toMatchObject({ ranges: [[40, 60]] });
  });
});

describe("lines", () => {
  it("have the order in which they were written, from whichever tab", async () => {
    const other = new AccountDatabase(ME, QUIET);
    await Promise.all(Array.from({ length: 20 }, (_, n) => addLine(n % 2 ? other : database, line(n))));
    other.close();
    const orders = (await lines(database)).map((one) => one.order);
    expect(orders).toEqual([...orders].sort((a, b) => a - b));
    expect(new Set(orders).size).toBe(20);
  });

  it("are bounded", async () => {
    for (let n = 0; n < OUTBOX; n += 1) await addLine(database, line(n));
    await expect(addLine(database, line(OUTBOX))).rejects.toBeInstanceOf(OutboxFull);
  });

  it.each([false, true])("take the draft away that they were, and only if they are kept (room: %s)", async (room) => {
    const typed = { text: "hel", reply_to: 0, mentions: [] };
    await keepDraft(database, ID, typed);
    await keepDraft(database, "g~1", typed);
    await addLine(database, line(1), room);
    expect((await drafts(database)).map((one) => one.conversation)).toEqual(["g~1"]);
    await keepDraft(database, ID, typed);
    // what is in the outbox already is not taken once more
    await expect(addLine(database, line(1), room)).rejects.toBeInstanceOf(DOMException);
    expect((await drafts(database)).length).toBe(2);
    expect((await lines(database)).length).toBe(1);
  });

  it("are dropped by a person only when they were refused", async () => {
    const { order } = await addLine(database, line(1));
    expect(await dropRefused(database, order)).toBe(false);
    await store.refused(ID, "l1", "recipient_refuses");
    expect((await lines(database))[0]?.refused).toBe("recipient_refuses");
    expect(await dropRefused(database, order)).toBe(true);
    expect(await dropRefused(database, order)).toBe(false);
  });

  it("that were placed go when their event is known, and go again when the server was restored", async () => {
    await addLine(database, line(1));
    await addLine(database, line(2));
    await store.placed(ID, "l1", 7, false);
    await store.placed(ID, "l2", 9, false);
    expect((await store.settle(new Map([[ID, 8]]), false)).map((one) => one.id)).toEqual(["l2"]);
    expect((await store.settle(new Map([[ID, 8]]), true))[0]).toMatchObject({ id: "l2", placed: null });
  });

  it("of another device become this one's, but for those that have their place", async () => {
    const { order } = await addLine(database, line(1));
    await addLine(database, line(2));
    const left = await store.adopt("d2", [order]);
    expect(left.map((one) => [one.id, one.device])).toEqual([["l2", "d2"]]);
  });
});

describe("marks and drafts", () => {
  it("move forward only, and go when the server has them", async () => {
    await addMark(database, { conversation: ID, number: 5, ordinal: 5 });
    await addMark(database, { conversation: ID, number: 3, ordinal: 3 });
    expect((await marks(database))[0]?.number).toBe(5);
    await store.commit({ confirmed: new Map([[ID, 4]]) });
    expect(await marks(database)).toHaveLength(1);
    await store.commit({ confirmed: new Map([[ID, 5]]) });
    expect(await marks(database)).toEqual([]);
  });

  it("keep from where on it is to be unread until that was read", async () => {
    await keepUnread(database, ID, { conversation: ID, number: 5, ordinal: 4 });
    await keepUnread(database, ID, { conversation: ID, number: 3, ordinal: 2 });
    expect(await unreads(database)).toEqual([{ conversation: ID, number: 3, ordinal: 2 }]);
    await keepUnread(database, ID, null);
    expect(await unreads(database)).toEqual([]);
  });

  it("keep a draft until it is dropped", async () => {
    await keepDraft(database, ID, { text: "so", reply_to: 3, mentions: [] });
    expect(await drafts(database)).toEqual([{ conversation: ID, text: "so", reply_to: 3, mentions: [] }]);
    await keepDraft(database, ID, null);
    expect(await drafts(database)).toEqual([]);
  });
});

describe("the database", () => {
  it("is opened again when the browser closed it", async () => {
    await filled(2);
    const inner = await (database as unknown as { opening: Promise<IDBDatabase> }).opening;
    inner.close();
    expect(await event(database, ID, 2)).toEqual(message(2));
  });

  it("of a newer form ends this app, which says so, and lets go of it", async () => {
    const heard: string[] = [];
    const old = new AccountDatabase(ME, { slow: () => undefined, outdated: () => heard.push("old") });
    await cached(old);
    const newer = new AccountDatabase(ME, QUIET, FORM + 1);
    await cached(newer);
    expect(heard).toEqual(["old"]);
    await expect(cached(old)).rejects.toBeInstanceOf(Outdated);
    const late = new AccountDatabase(ME, { slow: () => undefined, outdated: () => heard.push("late") });
    await expect(cached(late)).rejects.toBeInstanceOf(Outdated);
    await expect(cached(late).catch(isOfNewer)).resolves.toBe(true);
    expect(heard).toEqual(["old", "late"]);
    newer.close();
  });

  it("of an older form loses what is cached, and keeps what is the person's own", async () => {
    await filled(3);
    await store.commit({ cursor: { epoch: 1, position: 3 } });
    await addLine(database, line(1));
    await addMark(database, { conversation: ID, number: 2, ordinal: 2 });
    await keepDraft(database, ID, { text: "so", reply_to: 0, mentions: [] });
    const newer = new AccountDatabase(ME, QUIET, FORM + 1);
    const after = new EngineStore(newer);
    await after.lead();
    expect(await after.held()).toMatchObject({ cursor: null, conversations: [], own: null });
    expect(await lines(newer)).toHaveLength(1);
    expect(await marks(newer)).toHaveLength(1);
    expect(await drafts(newer)).toHaveLength(1);
    newer.close();
  });

  it("that was let go of in the middle of a reading is none of a newer app", async () => {
    const heard: string[] = [];
    const left = new AccountDatabase(ME, { slow: () => undefined, outdated: () => heard.push("outdated") });
    const reading = cached(left);
    left.close();
    await expect(reading).rejects.toBeInstanceOf(LetGo);
    await expect(cached(left)).rejects.toBeInstanceOf(LetGo);
    await expect(cached(left).catch(isOfNewer)).resolves.toBe(false);
    expect(heard).toEqual([]);
  });

  it("is removed whole, and other tabs let go of it without being outdated", async () => {
    const heard: string[] = [];
    const other = new AccountDatabase(ME, { slow: () => undefined, outdated: () => heard.push("outdated") });
    await cached(other);
    database.close();
    await wipe(ME);
    expect(heard).toEqual([]);
    expect((await indexedDB.databases()).map((one) => one.name)).not.toContain(databaseName(ME));
  });

  it("that a broken cache lies in is read without it, and the outbox stays", async () => {
    await addLine(database, line(1));
    const raw = await openDB(databaseName(ME));
    await raw.put("state", "no cursor", "own");
    raw.close();
    const broken = new EngineStore(database);
    await broken.lead();
    const run = (database as unknown as { run: AccountDatabase["run"] }).run.bind(database);
    let failing = true;
    database.run = (stores, ...rest) => {
      if (failing && stores.includes("events")) {
        failing = false;
        return Promise.reject(new DOMException("damaged", "UnknownError"));
      }
      return run(stores, ...rest);
    };
    const held = await broken.held();
    expect(held).toMatchObject({ cursor: null, conversations: [], own: null });
    expect(held.outbox).toHaveLength(1);
  });
});

describe("a message that is changed", () => {
  const SECRET = "a pasted password";
  const place = { conversation: ID, device: "d", id: "x", ordinal: 3, from: "2", sent_at: 9, shown: 3 };
  const edited = (number: number, target: number, text: string): KeptEvent => ({ ...place, kind: "edited", number, target, body: { type: "text", text } }); // prettier-ignore
  const deleted = (number: number, target: number): KeptEvent => ({ ...place, kind: "deleted", number, target });

  /** All that lies in the database, as text. */
  async function everything(): Promise<string> {
    const raw = await openDB(databaseName(ME));
    const found = await Promise.all([...raw.objectStoreNames].map((name) => raw.getAll(name)));
    raw.close();
    return JSON.stringify(found);
  }

  async function brought(state: State, ...all: KeptEvent[]): Promise<void> {
    const changed = new Set<string>();
    for (const one of all) state.event(one, changed);
    const conversations = [...changed].flatMap((id) => state.records.get(id) ?? []);
    state.take(await store.commit({ conversations, events: all }));
  }

  it("and deleted is in no store, neither as it was sent nor as it was edited", async () => {
    const { state } = await filled(2);
    await brought(state, message(3, SECRET));
    expect(await everything()).toContain(SECRET);
    await brought(state, edited(4, 3, `${SECRET}, better`));
    expect(state.kept(ID)).toMatchObject({ head: 4, shown: 3, at: 3, last: { body: { text: `${SECRET}, better` } } });
    await brought(state, deleted(5, 3));
    expect(await everything()).not.toContain(SECRET);
    expect(await event(database, ID, 3)).toMatchObject({ body: { type: "deleted" }, deleted: { number: 5 } });
    expect(state.kept(ID)).toMatchObject({ head: 5, shown: 3, last: { body: { type: "deleted" } } });
    // once more, and late, it changes nothing
    await brought(state, edited(4, 3, SECRET), message(3, SECRET));
    expect(await everything()).not.toContain(SECRET);
    const [record] = await conversations(database, [ID]);
    expect(record).toMatchObject({ ranges: [[1, 5]], count: 3 });
  });

  it("is what it is now when a page that is older comes after the change", async () => {
    const { state } = await filled(5);
    await store.commit({ conversations: state.records.values(), unheard: [ID] });
    const secret = { events: [message(3, SECRET)], range: [3, 3] as const, head: 5 };
    await store.keepPage(ID, secret, [deleted(6, 3) as never]);
    expect(await everything()).not.toContain(SECRET);
    await store.keepPage(ID, secret);
    expect(await everything()).not.toContain(SECRET);
  });

  it("and deleted takes with it the words that it was to say and that were refused, however that is heard", async () => {
    const { state } = await filled(3);
    const change = (n: number, number: number) => {
      const body = { type: "text" as const, text: `${SECRET} ${n}` };
      const frame = { type: "edit" as const, id: `e${n}`, conversation: ID, number, body };
      return { conversation: ID, device: "d1", frame, at: n, since: 0 };
    };
    for (const [n, number] of [1, 2, 3, 3].entries()) await addLine(database, change(n, number));
    for (const id of ["e0", "e1", "e2"]) await store.refused(ID, id, "too_late");
    expect(await lines(database)).toHaveLength(4);
    // the answer to the last one says it
    await store.refused(ID, "e3", "message_deleted");
    expect((await lines(database)).map((one) => one.id)).toEqual(["e0", "e1", "e2"]);
    await brought(state, deleted(4, 3));
    expect((await lines(database)).map((one) => one.id)).toEqual(["e0", "e1"]);
    const gone = { ...message(2), body: { type: "deleted" }, deleted: { number: 4, by: "2", at: 9 } } as KeptEvent;
    await store.keepPage(ID, { events: [gone], range: [2, 2], head: 4 });
    expect((await lines(database)).map((one) => one.id)).toEqual(["e0"]);
    await store.commit({ contents: [{ event: { ...gone, number: 1 }, asOf: 4 }] });
    expect(await everything()).not.toContain(SECRET);
  });

  it("is there for those who quote it, though nobody knows what is on it, and changes as all others do", async () => {
    const { state } = await filled(1);
    const quoted = [message(4, SECRET), message(5, "other")];
    await store.keepPage(ID, { events: [message(10)], range: [10, 10], head: 10, quoted });
    expect(await event(database, ID, 4)).toEqual(message(4, SECRET));
    expect((await conversations(database, [ID]))[0]).toMatchObject({ count: 4, ranges: [[1, 1], [10, 10]] }); // prettier-ignore
    // a page has its reactions, and a quote takes none of them away
    const on = {
      ...message(5, "other"),
      reactions: [{ reaction: "👍", count: 1, by: ["2"], mine: false }],
    } as KeptEvent;
    await store.keepPage(ID, { events: [on], range: [5, 5], head: 10 });
    await store.keepPage(ID, { events: [], range: [9, 9], head: 10, quoted });
    expect(await event(database, ID, 5)).toEqual(on);
    state.view(view(10));
    await brought(state, deleted(11, 4));
    expect(await everything()).not.toContain(SECRET);
  });

  it("unheard leaves nothing cached that may be another by now", async () => {
    const { state } = await filled(3);
    const conversations_ = [...state.records.values()].map((one) => ({ ...one, ranges: [[5, 9]] as const }));
    const content = { event: message(7), asOf: 9 };
    const [record] = await store.commit({ conversations: conversations_, unheard: [ID], contents: [content], known: true }); // prettier-ignore
    expect(record).toMatchObject({ ranges: [[5, 9]], count: 1 });
    expect(await events(database, ID, [1, 9], 9, "first")).toEqual([message(7)]);
  });
});
