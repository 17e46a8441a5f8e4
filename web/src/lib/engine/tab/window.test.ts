import { expect, it } from "vitest";
import { isMessage, type KeptEvent, type Range } from "@chinwag/client";
import type { ConversationRecord } from "../store/records.js";
import { type Ground, Window } from "./window.js";

/** A conversation of which the events up to `known` are cached, and whose head the server has told. */
class Told implements Ground {
  readonly me = "1";
  readonly device = "1";
  known: number;
  head: number;
  text = "";
  /** The events between these are of people who join. */
  joinings: Range = [1, 0];
  constructor(known: number, head: number) {
    this.known = known;
    this.head = head;
  }
  record(): ConversationRecord | null {
    if (this.head === 0) return null;
    const kept = { first: 1, head: this.head, ordinal: this.head, read: this.head, readOrdinal: this.head };
    return { id: "g~1", kept, ranges: [[1, this.known]], count: this.known, bytes: 0, opened: 0 } as never;
  }
  lines(): never[] {
    return [];
  }
  mark(): null {
    return null;
  }
  unreadFrom(): null {
    return null;
  }
  cached(_id: string, [low, high]: Range, limit: number, end: "first" | "last"): Promise<KeptEvent[]> {
    const numbers = [];
    for (let number = Math.max(1, low); number <= Math.min(high, this.known); number++) numbers.push(number);
    const taken = end === "first" ? numbers.slice(0, limit) : numbers.slice(-limit);
    const [from, to] = this.joinings;
    return Promise.resolve(taken.map((number) => number >= from && number <= to ? joined(number) : ({ kind: "message", conversation: "g~1", number, ordinal: number, from: "2", device: "2", id: `m${number}`, sent_at: number, body: { type: "text", text: this.text } }))); // prettier-ignore
  }
  fetch(): Promise<Range> {
    return Promise.reject(new Error("nothing is asked for"));
  }
}

function joined(number: number): KeptEvent {
  return { kind: "notice", conversation: "g~1", number, ordinal: 0, from: "2", device: "2", id: `j${number}`, sent_at: number, change: { type: "joined", account: "2" } } as never; // prettier-ignore
}

const texts = (window: Window): unknown[] =>
  window.now.rows.map(({ event }) => (event !== null && isMessage(event) && event.body.type === "text" ? event.body.text : null)); // prettier-ignore
const numbers = (window: Window): (number | null)[] => window.now.rows.map((row) => row.number);

async function shows(window: Window, wanted: number[]): Promise<void> {
  await expect.poll(() => numbers(window)).toEqual(wanted);
}

it("shows what comes at its end, also if the head was known before the events were", async () => {
  const told = new Told(3, 3);
  const window = new Window(told, "g~1", "newest", null);
  await shows(window, [1, 2, 3]);
  told.head = 5;
  window.changed();
  await expect.poll(() => window.now.atEnd).toBe(false);
  told.known = 4;
  window.changed();
  await shows(window, [1, 2, 3, 4]);
  told.known = 5;
  window.changed();
  await shows(window, [1, 2, 3, 4, 5]);
  expect(window.now.atEnd).toBe(true);
});

it("shows what comes while it opens, wherever it opens", async () => {
  const told = new Told(3, 3);
  const window = new Window(told, "g~1", 1, null);
  const read = told.cached.bind(told);
  let first = true;
  told.cached = async (id, range, limit, end) => {
    const found = await read(id, range, limit, end);
    if (first) {
      first = false;
      told.known = told.head = 4;
      window.changed();
    }
    return found;
  };
  await shows(window, [1, 2, 3, 4]);
});

it("goes where a link leads, once it knows the conversation that far", async () => {
  const told = new Told(0, 0);
  const window = new Window(told, "g~1", 300, null);
  await expect.poll(() => window.now.atEnd).toBe(true);
  expect(numbers(window)).toEqual([]);
  // Of a device that was away long the first it knows is old.
  told.known = told.head = 3;
  window.changed();
  await shows(window, [1, 2, 3]);
  told.known = told.head = 500;
  window.changed();
  await expect.poll(() => window.now.target.number).toBe(300);
  expect(numbers(window)).toContain(300);
  expect(numbers(window)).not.toContain(500);
  // Once there, it stays there.
  const { jump } = window.now.target;
  told.known = told.head = 501;
  window.changed();
  await window.showBefore(1);
  expect(window.now.target.jump).toBe(jump);
});

it.each([
  [300, 300],
  ["newest" as const, null],
])("goes to %s once the server answers, if it did not at first", async (place, target) => {
  const told = new Told(0, 500);
  const window = new Window(told, "g~1", place, null);
  await expect.poll(() => window.now.failed).not.toBeNull();
  window.again();
  window.changed();
  await expect(window.showBefore()).rejects.toThrow();
  told.fetch = () => {
    told.known = 500;
    return Promise.resolve([1, 500]);
  };
  window.again();
  await expect.poll(() => numbers(window)).toContain(target ?? 500);
  expect(window.now.target.number).toBe(target);
  expect(window.now.failed).toBeNull();
});

it("does not lead back to where it could not go, once the person reads elsewhere", async () => {
  const told = new Told(500, 1_000);
  const window = new Window(told, "g~1", 100, null);
  await expect.poll(() => numbers(window)).toContain(100);
  await expect(window.jump(900)).rejects.toThrow();
  expect(window.now.failed).not.toBeNull();
  window.again();
  await expect.poll(() => window.now.failed).toBeNull();
  expect(numbers(window)).toContain(100);
  expect(numbers(window)).not.toContain(900);
});

it("never has more rows than it may, not even while a page is fetched", async () => {
  const told = new Told(446, 1_000);
  let most = 0;
  const window = new Window(told, "g~1", 1, null);
  window.subscribe(({ rows }) => {
    most = Math.max(most, rows.length);
  });
  told.fetch = () => {
    told.known = 546;
    return Promise.resolve([447, 546]);
  };
  await window.showAfter(339);
  expect(window.now.rows).toHaveLength(400);
  await window.showAfter(50);
  expect(numbers(window).at(-1)).toBe(450);
  expect(most).toBe(400);
});

it("goes on with what is said behind more people who joined than it may have rows", async () => {
  const told = new Told(3, 3);
  const window = new Window(told, "g~1", "newest", null);
  await shows(window, [1, 2, 3]);
  told.joinings = [4, 899];
  told.known = told.head = 900;
  window.changed();
  await expect.poll(() => numbers(window).at(-1)).toBe(900);
  expect(window.now.atEnd).toBe(true);
});

it("keeps the newest while it looks for what lies before the people who joined", async () => {
  const told = new Told(900, 900);
  told.joinings = [4, 899];
  const window = new Window(told, "g~1", "newest", null);
  await expect.poll(() => numbers(window).at(-1)).toBe(900);
  for (let page = 0; page < 20; page += 1) await window.showBefore();
  expect(numbers(window)[0]).toBe(1);
  expect(numbers(window).at(-1)).toBe(900);
});

it.each([1, -1])("keeps the row that is read, whichever side grows meanwhile", async (way) => {
  const window = new Window(new Told(2_000, 2_000), "g~1", 1_000, null);
  await expect.poll(() => numbers(window)).toContain(1_000);
  // It is read at the far end, for the pages were slow to come.
  const number = (way > 0 ? window.now.rows.at(-3) : window.now.rows[2])?.number;
  window.reading = () => window.now.rows.find((row) => row.number === number)?.key ?? null;
  for (let page = 0; page < 20; page += 1) {
    await (way > 0 ? window.showBefore() : window.showAfter());
    expect(numbers(window)).toContain(number);
    expect(numbers(window).length).toBeLessThanOrEqual(400);
  }
  const shown = numbers(window) as number[];
  expect(shown).toEqual(Array.from(shown, (_, at) => (shown[0] as number) + at));
});

it("shows messages as they are now, and leaves those as they were that are the same", async () => {
  const told = new Told(3, 3);
  const window = new Window(told, "g~1", "newest", null);
  await shows(window, [1, 2, 3]);
  const [before] = window.now.rows;
  told.text = "changed";
  window.rewritten([2, 9]);
  expect(window.outdated).toBe(true);
  await expect.poll(() => texts(window)).toEqual(["", "changed", ""]);
  expect(window.now.rows[0]).toBe(before);
  expect(window.outdated).toBe(false);
  window.rewritten(null);
  await expect.poll(() => texts(window)).toEqual(["changed", "changed", "changed"]);
});

it("is outdated for good when it is closed before it could read again", () => {
  const told = new Told(3, 3);
  const window = new Window(told, "g~1", "newest", null);
  return shows(window, [1, 2, 3]).then(() => {
    window.rewritten([2]);
    window.close();
    expect(window.outdated).toBe(true);
  });
});
