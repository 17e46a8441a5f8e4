import "fake-indexeddb/auto";
import { type Kept, unread, type View } from "@chinwag/client";
import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountDatabase, databaseName } from "../store/database.js";
import { EngineStore } from "../store/engine-store.js";
import { at, Device } from "./large-device.test-support.js";
import { DEVICE, GROUP, GroupServer, ME } from "./large-server.test-support.js";

const QUIET = { slow: () => undefined, outdated: () => undefined };
const OTHER = "d~3~9";

let database: AccountDatabase;
let server: GroupServer;
let device: Device;

beforeEach(async () => {
  database = new AccountDatabase(ME, QUIET);
  const store = new EngineStore(database);
  await store.lead();
  server = new GroupServer();
  device = new Device(database, store, server);
  await device.take();
});

afterEach(async () => {
  device.large.close();
  expect(device.failures).toEqual([]);
  database.close();
  await deleteDB(databaseName(ME));
});

/** It holds all, as if it had loaded it. */
function holdsAll(): void {
  const plain = (kept: Kept): object => ({ ...kept, told: undefined, large: kept.large ?? false });
  expect(plain(device.kept)).toEqual(plain(server.kept));
}

it("takes what is copied up to the switch, and then what concerns the account, with holes between", async () => {
  server.message("1");
  const switched = server.turn(true);
  const one = server.message("1");
  const mine = server.message(ME);
  const called = server.message("2", "you", { mentioned: [ME] });
  await device.come();
  await device.take();
  expect(device.kept).toMatchObject({ head: one - 1, large: true, mentions: [called] });
  expect(switched).toBe(one - 1);
  // What it said itself it has read.
  expect(unread(device.kept)).toBe(1);
  expect(device.kept.told).toMatchObject({ head: called, shown: called, at: called * 1000 });
  expect(Object.keys(await device.texts()).map(Number)).toContain(mine);
  expect(device.told).toContain(called);
  expect(server.said).toContainEqual({ type: "watch", conversations: [GROUP] });
});

it("counts what it hears of by nudges, and never less than it knows", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  const before = unread(device.kept);
  server.message("1");
  const all = server.message("2", "everybody", {});
  server.nudge(all);
  await device.settled();
  expect(unread(device.kept)).toBe(before + 2);
  expect(device.kept.mentions).toEqual([all]);
  expect(device.kept.head).toBe(all - 2);
  const { told } = device.kept;
  device.large.frame({ type: "nudge", conversation: GROUP, head: 1, ordinal: 1, shown: 1, all: 0 });
  await device.settled();
  expect(device.kept.told).toEqual(told);
});

it("learns where a group is that moved while it was away, and what was said last", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  device.go();
  server.message("1");
  const last = server.message("2", "the last");
  await device.come();
  expect(unread(device.kept)).toBe(2);
  expect(device.kept.told).toMatchObject({ head: last, at: last * 1000, last: { number: last } });
  expect(Object.keys(await device.texts()).map(Number)).not.toContain(last);
});

it("follows what is open from the number that it holds, and tells nobody of what it is fed", async () => {
  server.turn(true);
  await device.take();
  const first = server.message("1");
  await device.come();
  await device.open();
  expect(server.said).toContainEqual({ type: "follow", conversation: GROUP, after: first - 1 });
  const second = server.message("2");
  server.notice("5", { type: "joined", account: "5" });
  server.edit(first, "better");
  await device.settled();
  holdsAll();
  expect(await device.texts()).toMatchObject({ [first]: "better", [second]: `m${second}` });
  expect(device.told).not.toContain(first);
  await device.take();
  holdsAll();
});

it("has in its cache what was shown to it, and nobody's coming", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  const came = server.notice("5", { type: "joined", account: "5" });
  const said = server.message("5");
  await device.settled();
  const numbers = Object.keys(await device.texts()).map(Number);
  expect(numbers).toContain(said);
  expect(numbers).not.toContain(came);
  expect(device.state.records.get(GROUP)?.ranges.at(-1)?.[1]).toBe(said);
  holdsAll();
});

it("changes nothing by the notice that it is small when feed and inbox both bring it", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  server.message("1");
  const small = server.turn(false);
  await device.settled();
  holdsAll();
  expect(device.kept.head).toBe(small);
  await device.take();
  holdsAll();
  const copied = server.message("2");
  await device.take();
  expect(device.kept.head).toBe(copied);
  holdsAll();
  expect(server.asked.filter((one) => one.includes("/changes"))).toEqual([]);
});

it("takes the changes between when the inbox is ahead of the feed", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  const held = device.kept.head;
  for (let n = 0; n < 5; n += 1) server.message("1");
  server.turn(false);
  await device.take();
  expect(server.asked).toContain(`/v1/conversations/${encodeURIComponent(GROUP)}/changes?after=${held}&limit=200`);
  expect(server.asked.filter((one) => one.endsWith(encodeURIComponent(GROUP)))).toEqual([]);
  holdsAll();
  expect(Object.keys(await device.texts())).toHaveLength(server.head);
});

it("goes through each switch while it was away, a few at a time, and lets other conversations go on", async () => {
  server.page = 2;
  server.turn(true);
  for (let n = 0; n < 4; n += 1) server.message("1");
  server.turn(false);
  server.message("2", "copied");
  server.turn(true);
  server.message("1", "not copied");
  await device.come();
  server.held = [];
  const other = { conversation: OTHER, number: 1, ordinal: 1, from: "9", device: "d", id: "i", sent_at: 5 };
  await device.take({ kind: "message", ...other, body: { type: "text", text: "hello" } });
  // Nobody has answered yet.
  expect(device.state.kept(OTHER)).toMatchObject({ head: 1 });
  expect(device.inflow.safe).toEqual(at(server.inbox.length + 1));
  server.release();
  await device.settled();
  holdsAll();
  expect(device.kept.large).toBe(true);
});

it("takes up where it was when it ends before it was led up", async () => {
  server.turn(true);
  await device.take();
  for (let n = 0; n < 3; n += 1) server.message("1");
  server.turn(false);
  server.held = [];
  await device.take();
  expect(device.kept.head).toBeLessThan(server.head);
  device.go();
  server.release();
  await device.settled();
  expect(device.kept.head).toBeLessThan(server.head);
  await device.come();
  holdsAll();
});

it("learns what was changed after the switch of a message that was copied before it", async () => {
  const [kept, gone] = [server.message("1", "as it was"), server.message("1", "to go")];
  server.turn(true);
  await device.take();
  server.edit(kept, "as it is");
  server.erase(gone);
  await device.come();
  await device.open();
  expect(await device.texts()).toMatchObject({ [kept]: "as it is", [gone]: null });
  holdsAll();
});

it("lets go what it holds where too much lies between, and begins with what is there", async () => {
  const old = server.message("1", "an old word");
  server.turn(true);
  await device.take();
  server.edit(old, "another word");
  for (let n = 0; n < 1_001; n += 1) server.message("1");
  await device.come();
  await device.open();
  expect(await device.texts()).toEqual({});
  expect(server.said.at(-1)).toEqual({ type: "follow", conversation: GROUP, after: server.head });
  holdsAll();
  const next = server.message("2");
  await device.settled();
  expect(device.kept.head).toBe(next);
});

it("keeps what it wrote itself where nothing may be fed up to that", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  device.go();
  for (let n = 0; n < 1_001; n += 1) server.message("1");
  device.large.tell("welcome");
  await device.settled();
  // Its follow is not answered so far.
  const mine = server.message(ME, "mine", { device: DEVICE });
  await device.take();
  expect(await device.texts()).toMatchObject({ [mine]: "mine" });
  await device.come();
  holdsAll();
});

it("passes over what it may not read", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  const held = device.kept.head;
  for (let n = 0; n < 3; n += 1) server.message("1");
  server.closed = [held + 1, held + 2];
  await device.open();
  expect(device.kept.head).toBe(server.head);
  expect(Object.keys(await device.texts()).map(Number)).toContain(held + 3);
});

it("is out when it is removed, whichever way that comes, and asks for nothing more", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  server.message("1");
  const gone = server.notice("1", { type: "removed", account: ME });
  await device.settled();
  expect(device.kept).toMatchObject({ role: null, head: gone });
  await device.take();
  expect(device.kept).toMatchObject({ role: null, head: gone });
  const asked = server.asked.length;
  const said = server.said.filter((one) => one.type === "follow").length;
  await device.open();
  expect(server.asked).toHaveLength(asked);
  expect(server.said.filter((one) => one.type === "follow")).toHaveLength(said);
  expect(server.said.at(-1)).toEqual({ type: "watch", conversations: [] });
});

it("is out by the inbox alone, where it did not follow", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  server.message("1");
  server.message("1");
  const gone = server.notice("1", { type: "removed", account: ME });
  await device.take();
  expect(device.kept).toMatchObject({ role: null, head: gone, memberCount: 0 });
});

it("keeps of a group that it is out of what that was by then, and no word that was changed unheard", async () => {
  const [old, gone] = [server.message("1", "as it was"), server.message("1", "to go")];
  server.turn(true);
  await device.take();
  await device.come();
  server.edit(old, "as it is");
  server.erase(gone);
  server.notice("1", { type: "title", title: "Coffee" });
  server.notice(ME, { type: "left", account: ME });
  await device.take();
  const { head, ordinal } = server.kept;
  expect(device.kept).toMatchObject({ role: null, title: "Coffee", head, ordinal, shown: head });
  const texts = await device.texts();
  expect([texts[old], texts[gone]]).toEqual([undefined, undefined]);
});

it("counts nothing of what it heard of beyond the removal, whichever of the two came last", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  const beyond = { type: "nudge", conversation: GROUP, ordinal: 90, shown: 90, head: 90, all: 90 } as const;
  device.large.frame(beyond);
  await device.settled();
  expect(unread(device.kept)).toBeGreaterThan(80);
  server.notice("1", { type: "removed", account: ME });
  device.large.frame(beyond);
  await device.settled();
  expect(device.kept).toMatchObject({ role: null, mentions: [] });
  expect(device.kept.told).toBeUndefined();
  await device.take();
  holdsAll();
});

it("follows again what came too fast, and what a server that ends fed so far", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  server.message("1");
  server.end("slow");
  const last = server.message("1");
  await expect.poll(() => device.kept.head, { timeout: 10_000 }).toBe(last);
  server.end("drain");
  device.go();
  server.message("1");
  await device.come();
  holdsAll();
});

it("finds by a refusal, or by where all are, that a group is small again", async () => {
  server.turn(true);
  await device.take();
  server.message("1");
  server.turn(false);
  server.message("1");
  // Its inbox is not taken yet.
  await device.come();
  holdsAll();
  await device.take();
  holdsAll();
});

it("begins anew where what it holds is above the head", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  device.state.put({ ...device.kept, head: server.head + 50 });
  await device.open();
  expect(device.kept.head).toBe(server.head);
  holdsAll();
});

it("knows by its list how a group is kept, when its cursor led nowhere", async () => {
  server.turn(true);
  server.message("1");
  server.message("1");
  device.state.view(server.view() as View);
  await device.come();
  expect(server.said).toContainEqual({ type: "watch", conversations: [GROUP] });
  await device.open();
  expect(server.said).toContainEqual({ type: "follow", conversation: GROUP, after: server.head });
  device.state.clear();
  device.large.tell("again");
  device.large.changed([GROUP]);
  await device.settled();
  expect(server.said).toContainEqual({ type: "watch", conversations: [] });
});

it("watches again what the server could not look into", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  const watch = { type: "watch", conversations: [GROUP] };
  const said = (): number => server.said.filter(({ type }) => type === "watch").length;
  const before = said();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const refused = { type: "error", message: "", frame: "watch" } as const;
    device.large.frame({ ...refused, code: "too_many" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said()).toBe(before);
    device.large.frame({ ...refused, code: "rate_limited", retryable: true, retry_after: 30 });
    await vi.advanceTimersByTimeAsync(29_000);
    expect(said()).toBe(before);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(said()).toBe(before + 1);
    expect(server.said).toContainEqual(watch);
    device.large.frame({ ...refused, code: "unavailable", retryable: true });
    await vi.advanceTimersByTimeAsync(0);
    device.go();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said()).toBe(before + 1);
  } finally {
    vi.useRealTimers();
  }
});

/** Other large groups, of which the device has heard more than it holds. */
function others(count: number): string[] {
  const ids = Array.from({ length: count }, (_, at) => `g~${at + 11}`);
  const told = { head: 9, ordinal: 9, shown: 9, at: 9, last: null };
  for (const id of ids) device.state.put({ ...device.kept, id, head: 1, told });
  return ids;
}

it("asks for what is said in a group that stands open besides those that are followed, as it hears of it", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
  for (const id of others(8)) device.large.opened(id);
  await device.settled();
  expect(server.said.at(-1)).toEqual({ type: "unfollow", conversation: GROUP });
  device.window = true;
  const one = server.message("1");
  server.edit(one, "better");
  await device.settled();
  expect(device.kept.head).toBe(one - 1);
  server.nudge();
  await device.settled();
  holdsAll();
  expect(await device.texts()).toMatchObject({ [one]: "better" });
  expect(device.told).not.toContain(one);
  // One that stands open nowhere any more is counted, and nothing of it is asked for.
  device.window = false;
  const asked = server.asked.length;
  const last = server.message("2");
  server.nudge();
  await device.settled();
  expect(server.asked).toHaveLength(asked);
  expect(device.kept).toMatchObject({ head: last - 1, told: { head: last } });
});

it("asks for a bounded number of groups at once, however many stand open", async () => {
  server.turn(true);
  await device.take();
  await device.come();
  server.held = [];
  for (const id of others(40)) await device.large.counts(id, [], false);
  expect(server.asked.filter((one) => one.includes("/changes"))).toHaveLength(32);
});
