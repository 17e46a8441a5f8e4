import "fake-indexeddb/auto";
import { DEFAULTS, type Kept, NOTHING, type Profile } from "@chinwag/client";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Presence } from "../api.js";
import { AccountDatabase, wipe } from "../store/database.js";
import { EngineStore } from "../store/engine-store.js";
import { addLine, keepDraft } from "../store/personal.js";
import { Account } from "./account.js";

const ME = "1";
const QUIET = { slow: () => undefined, outdated: () => undefined };
const NO_CHANGE = { conversations: [], people: false, own: false, lines: false, marks: false };
const BEN = { id: "2", name: "ben", display_name: "Ben", about: "", avatar: "", closed: false, version: 3 };

let database: AccountDatabase;
let store: EngineStore;
let account: Account;

beforeEach(async () => {
  database = new AccountDatabase(ME, QUIET);
  store = new EngineStore(database);
  await store.lead();
  await store.keepPeople([BEN]);
  account = new Account(new AccountDatabase(ME, QUIET), ME, "d", () => Promise.reject(new Error("nothing is asked")));
  await account.load();
});
afterEach(async () => {
  account.close();
  database.close();
  await wipe(ME);
});

/** An event told what a friend is called now, or that the account is closed. */
async function told(profile: Partial<Profile>, version: number): Promise<void> {
  const { id: named, ...ben } = BEN;
  const profiles = new Map([[named, { ...ben, account: named, ...profile }]]);
  await store.commit({ own: { ...NOTHING, profiles, versions: new Map([[`profile:${named}`, version]]) } });
  account.changed({ ...NO_CHANGE, own: true });
}

it("calls somebody by the name that an event told", async () => {
  await told({ display_name: "Benjamin" }, 4);
  await expect.poll(() => account.people.now.get("2")?.display_name).toBe("Benjamin");
});

it("calls somebody by the name that was asked for, if it is newer than the event", async () => {
  await told({ display_name: "Benjamin" }, 4);
  await expect.poll(() => account.people.now.get("2")?.display_name).toBe("Benjamin");
  await store.keepPeople([{ ...BEN, display_name: "Benny", version: 5 }]);
  account.changed({ ...NO_CHANGE, people: true });
  await expect.poll(() => account.people.now.get("2")?.display_name).toBe("Benny");
});

it("shows a closed account as closed at once, whoever said so, and for ever", async () => {
  await told({ name: "", display_name: "", closed: true }, 0);
  await expect.poll(() => account.people.now.get("2")?.closed).toBe(true);
  await told({}, 9);
  await store.keepPeople([{ ...BEN, name: "", display_name: "", closed: true, version: 4 }]);
  account.changed({ ...NO_CHANGE, people: true, own: true });
  await expect.poll(() => account.people.now.get("2")).toMatchObject({ closed: true, display_name: "" });
});

it("shows nobody as online while the connection is away, and keeps when they were last here", () => {
  account.known([
    ["2", { online: true, last_active_at: 5 }],
    ["3", { online: false, last_active_at: 4 }],
  ]);
  account.away();
  expect([...account.presence.now]).toEqual([["3", { online: false, last_active_at: 4 }]]);
});

it("shows what another device wants of a conversation", async () => {
  account.drafted("d~1~2", { text: "hel", reply_to: 0, mentions: [] });
  const body = { type: "text" as const, text: "hello" };
  const frame = { type: "send" as const, id: "a", conversation: "d~1~2", body };
  const line = { conversation: "d~1~2", device: "d", frame, at: 5, since: 0 };
  account.wrote(await addLine(database, line, false));
  expect(account.rows.now).toMatchObject([{ id: "d~1~2", muted: false, archived: false }]);
  const wish = { ...DEFAULTS, muted_until: Number.MAX_SAFE_INTEGER, archived_at: 1 };
  await store.commit({ own: { ...NOTHING, preferences: new Map([["d~1~2", wish]]) } });
  account.changed({ ...NO_CHANGE, own: true });
  await expect.poll(() => account.rows.now).toMatchObject([{ muted: true, archived: true }]);
  await store.commit({ own: NOTHING });
  account.changed({ ...NO_CHANGE, own: true });
  await expect.poll(() => account.rows.now).toMatchObject([{ muted: false, archived: false }]);
});

it("shows of nobody when they are here, once one does not tell it oneself", async () => {
  const seen: [string, Presence][] = [["2", { online: true, last_active_at: 5 }]];
  account.known(seen);
  const settings = {
    direct_from: "everyone",
    findable: true,
    share_read: true,
    share_last_seen: false,
    share_typing: true,
    push_preview: "",
    quiet_hours: null,
  } as const;
  await store.commit({ own: { ...NOTHING, settings } });
  account.changed({ ...NO_CHANGE, own: true });
  await expect.poll(() => account.presence.now.size).toBe(0);
  account.known(seen);
  expect(account.presence.now.size).toBe(0);
});

it("drops the draft of a line that another tab has sent", async () => {
  await keepDraft(database, "d~1~2", { text: "hel", reply_to: 0, mentions: [] });
  account.changed({ ...NO_CHANGE, lines: true });
  await expect.poll(() => account.draft("d~1~2")?.text).toBe("hel");
  const body = { type: "text" as const, text: "hello" };
  const frame = { type: "send" as const, id: "m", conversation: "d~1~2", body };
  await addLine(database, { conversation: "d~1~2", device: "e", frame, at: 1, since: 0 }, true);
  account.changed({ ...NO_CHANGE, lines: true });
  await expect.poll(() => account.draft("d~1~2")).toBe(null);
  await expect.poll(() => account.lines("d~1~2").length).toBe(1);
});

it("knows which large groups its windows show, until they are closed", async () => {
  const kept = (id: string, large: boolean): Kept => {
    const of = {
      id,
      kind: "group",
      role: "member",
      title: id,
      settings: {},
      members: new Map(),
      whole: false,
    } as const;
    const numbers = { memberCount: 9, first: 1, head: 0, ordinal: 0, shown: 0, at: 0, read: 0, readOrdinal: 0 };
    return { ...of, ...numbers, last: null, mentions: [], pins: [], wide: true, large };
  };
  const all = [kept("g~1", true), kept("g~2", false), kept("g~3", true)];
  const conversations = all.map((one) => ({ id: one.id, kept: one, ranges: [], count: 0, bytes: 0, opened: 0 }));
  await store.commit({ conversations });
  account.changed({ ...NO_CHANGE, conversations: all.map((one) => one.id) });
  await expect.poll(() => account.record("g~3")).not.toBeNull();
  const windows = ["g~1", "g~2"].map((id) => account.window(id, null));
  expect(account.followed()).toEqual(["g~1"]);
  for (const window of windows) account.remember(window);
  expect(account.followed()).toEqual([]);
});
