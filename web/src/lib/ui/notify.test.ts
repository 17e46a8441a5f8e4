import { type AccountSettings, DEFAULTS, type KeptEvent, type Preferences } from "@chinwag/client";
import { readable } from "svelte/store";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ConversationDetail, Engine, News, Person, Session } from "../engine/api.js";
import { Value } from "../engine/tab/watched.js";
import { announce } from "./notify.js";

// A choice is kept in the page's storage, and there is no page here.
vi.mock("./choices.js", () => ({ preview: readable("text") }));

const ME = "1";
const BEN = "2";
const ID = "d~1~2";

interface Shown {
  title: string;
  body: string;
  tag: string;
  data: unknown;
  close: () => void;
}

/** A browser that shows and names notifications when the test lets it. */
class Tray {
  shown: Shown[] = [];
  active = {};
  private held: (() => void)[] = [];
  private holding: string | null = null;

  hold(what: "show" | "get"): void {
    this.holding = what;
  }

  /** Let go what is held, in order, once all else is done. */
  async release(): Promise<void> {
    await settled();
    this.holding = null;
    for (const go of this.held.splice(0)) go();
    await settled();
  }

  async showNotification(title: string, { body, tag, data }: Shown): Promise<void> {
    await this.turn("show");
    const one: Shown = {
      title,
      body,
      tag,
      data,
      close: () => (this.shown = this.shown.filter((other) => other !== one)),
    };
    this.shown = [...this.shown.filter((other) => other.tag !== tag), one];
  }

  async getNotifications(): Promise<Shown[]> {
    await this.turn("get");
    return this.shown;
  }

  private async turn(what: string): Promise<void> {
    if (this.holding === what) await new Promise<void>((go) => this.held.push(go));
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

const session = new Value<Session>({ state: "starting" });
const ben = new Value<Person>({} as Person);
const settings = new Value<AccountSettings | null>(null);
const rows = new Value<readonly ConversationDetail[]>([]);
/** What the server's clock shows. */
const now = 0;
let details: Map<string, ConversationDetail>;
/** Messages as the engine has them now. */
let kept: Map<number, KeptEvent>;
let tray: Tray;
let tell: (news: News) => void;
let stop: () => void;

/** What the engine shows of the conversation with Ben. */
function stands(head: number, unread: number): void {
  details.set(ID, { id: ID, kind: "direct", head, unread } as ConversationDetail);
  rows.set([...details.values()]);
}

function says(number: number, watched = false, mentioned: string[] = []): void {
  const event = { kind: "message", number, from: BEN, body: { type: "text", text: `text ${number}` }, mentioned };
  kept.set(number, event as unknown as KeptEvent);
  tell({ conversation: ID, event: event as unknown as KeptEvent, watched });
}

/** Ben changes a message: it says `text`, or was deleted (null), by event `at`. */
function changes(number: number, at: number, text: string | null): void {
  const said = { body: text === null ? { type: "deleted" } : { type: "text", text } };
  const how = text === null ? { deleted: { number: at, by: BEN, at } } : { edited: { number: at, at } };
  kept.set(number, { kind: "message", number, from: BEN, ...said, ...how } as unknown as KeptEvent);
  const kind = text === null ? "deleted" : "edited";
  tell({ conversation: ID, event: { kind, number: at, target: number, from: BEN } as KeptEvent, watched: false });
}

function logIn(id: string): void {
  session.set({ state: "in", me: { id }, device: "1" } as Session);
}

const bodies = (): string[] => tray.shown.map((one) => one.body);

beforeEach(async () => {
  tray = new Tray();
  details = new Map();
  kept = new Map();
  vi.stubGlobal("Notification", { permission: "granted" });
  vi.stubGlobal("navigator", {
    serviceWorker: {
      getRegistration: () => Promise.resolve(tray),
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    },
  });
  ben.set({ id: BEN, name: "ben", display_name: "Ben", about: "", avatar: "", closed: false, version: 1, known: true });
  const engine = {
    session,
    settings,
    clock: () => now,
    unread: new Value(0),
    conversations: rows,
    people: new Value(new Map()),
    person: () => ben,
    event: (_id: string, number: number) => Promise.resolve(kept.get(number) ?? null),
    conversation: (id: string) => new Value(details.get(id) ?? null),
    onNews: (run: (news: News) => void) => {
      tell = run;
      return () => undefined;
    },
  };
  logIn(ME);
  stands(1, 0);
  stop = announce(engine as unknown as Engine);
  await settled();
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

it("shows what nobody looks at, and takes it away when it is read", async () => {
  says(2);
  stands(2, 1);
  await settled();
  expect(tray.shown.map((one) => [one.title, one.body, one.tag])).toEqual([["Ben", "text 2", ID]]);
  stands(2, 0);
  await settled();
  expect(bodies()).toEqual([]);
});

it("takes away what was deleted, and says what was edited, whether it was shown already or not", async () => {
  says(2);
  stands(2, 1);
  await settled();
  changes(2, 3, "better");
  stands(3, 1);
  await settled();
  expect(bodies()).toEqual(["better"]);
  changes(2, 4, null);
  await settled();
  expect(bodies()).toEqual([]);
  tray.hold("get");
  says(5);
  changes(5, 6, null);
  await tray.release();
  await settled();
  expect(bodies()).toEqual([]);
});

it("shows nothing of a conversation that is watched", async () => {
  says(2, true);
  await settled();
  expect(bodies()).toEqual([]);
});

it("keeps what came before the list counts it, whatever else changes in that conversation", async () => {
  says(2);
  stands(1, 0);
  await settled();
  expect(bodies()).toEqual(["text 2"]);
  stands(2, 1);
  await settled();
  expect(bodies()).toEqual(["text 2"]);
});

it("keeps what comes while older ones are being taken away", async () => {
  tray.hold("get");
  stands(1, 0);
  await settled();
  says(2);
  stands(2, 1);
  await tray.release();
  expect(bodies()).toEqual(["text 2"]);
});

it("takes away what is read while it is being shown", async () => {
  tray.hold("show");
  says(2);
  stands(2, 1);
  await settled();
  stands(2, 0);
  await tray.release();
  expect(bodies()).toEqual([]);
});

it("tells of the newest of those that came while another was being shown", async () => {
  tray.hold("show");
  for (const number of [2, 3, 4]) says(number);
  stands(4, 3);
  await tray.release();
  expect(bodies()).toEqual(["text 4"]);
});

/** What the person wants of the conversation with Ben. */
function wants(notify: Preferences["notify"], muted = false): void {
  stands(9, 9);
  const detail = details.get(ID) as ConversationDetail;
  details.set(ID, { ...detail, muted, preferences: { ...DEFAULTS, notify } });
  rows.set([...details.values()]);
}

it("tells of what the person wants to be told of, and of nothing while that is muted", async () => {
  wants("none");
  says(2, false, [ME]);
  wants("all", true);
  says(3, false, [ME]);
  wants("mentions");
  says(4, false, ["3"]);
  await settled();
  expect(bodies()).toEqual([]);
  says(5, false, ["*"]);
  await settled();
  expect(bodies()).toEqual(["text 5"]);
  says(6, false, [ME]);
  await settled();
  expect(bodies()).toEqual(["text 6"]);
  wants("all");
  says(7);
  await settled();
  expect(bodies()).toEqual(["text 7"]);
});

it("leaves nothing of an account to another, even one that comes while it is being shown", async () => {
  tray.hold("show");
  says(2);
  stands(2, 1);
  await settled();
  session.set({ state: "out", why: null, name: null });
  details.clear();
  logIn("3");
  await tray.release();
  expect(bodies()).toEqual([]);
});

it("goes on after a browser that failed to show one", async () => {
  vi.spyOn(tray, "showNotification").mockRejectedValueOnce(new Error("no"));
  says(2);
  await settled();
  says(3);
  stands(3, 2);
  await settled();
  expect(bodies()).toEqual(["text 3"]);
});

it("waits for the name of somebody who is new", async () => {
  const now = ben.now;
  ben.set({ ...now, display_name: "", name: "", known: false });
  says(2);
  stands(2, 1);
  await settled();
  expect(bodies()).toEqual([]);
  ben.set(now);
  await settled();
  expect(tray.shown.map((one) => one.title)).toEqual(["Ben"]);
});

it("tells without a name that does not come, and goes on after a browser that does not answer", async () => {
  vi.useFakeTimers();
  ben.set({ ...ben.now, known: false });
  says(2);
  stands(2, 1);
  await vi.runAllTimersAsync();
  expect(tray.shown.map((one) => [one.title, one.body])).toEqual([["…", "text 2"]]);
  tray.hold("show");
  says(3);
  await vi.runAllTimersAsync();
  expect(bodies()).toEqual(["text 2"]);
  stands(3, 0);
  await vi.runAllTimersAsync();
  expect(bodies()).toEqual([]);
  vi.useRealTimers();
});
