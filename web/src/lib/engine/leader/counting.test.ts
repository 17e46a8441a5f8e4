import "fake-indexeddb/auto";
import { reactionsOf } from "@chinwag/client";
import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AccountDatabase, databaseName } from "../store/database.js";
import { EngineStore } from "../store/engine-store.js";
import { event } from "../store/reading.js";
import { Device } from "./large-device.test-support.js";
import { GROUP, GroupServer, ME } from "./large-server.test-support.js";

let database: AccountDatabase;
let server: GroupServer;
let device: Device;
let said: number;

beforeEach(async () => {
  database = new AccountDatabase(ME, { slow: () => undefined, outdated: () => undefined });
  const store = new EngineStore(database);
  await store.lead();
  server = new GroupServer();
  device = new Device(database, store, server);
  said = server.message("1");
  server.turn(true);
  await device.take();
  await device.come();
  await device.open();
});

afterEach(async () => {
  device.large.close();
  expect(device.failures).toEqual([]);
  database.close();
  await deleteDB(databaseName(ME));
});

/** What is on a message: how many, and a star where one is among them oneself. */
async function on(number: number): Promise<string> {
  const held = await event(database, GROUP, number);
  const all = held === null ? [] : reactionsOf(held);
  return all.map(({ reaction, count, mine }) => `${reaction}${count}${mine ? "*" : ""}`).join(" ");
}

/** As a window does that shows these. */
async function ask(...numbers: number[]): Promise<void> {
  await device.large.counts(GROUP, numbers, true);
  await device.settled();
}

it("has who shows the group ask when it is followed, and takes what is told from there on", async () => {
  expect(device.missed).toBe(1);
  await ask(said);
  server.react(said, "1");
  server.react(said, "2");
  server.count();
  await device.settled();
  expect(await on(said)).toBe("👍2");
  expect(device.rewritten).toEqual([said]);
  expect(device.missed).toBe(1);
  server.react(said, "4", "🎉");
  server.count();
  await device.settled();
  expect(await on(said)).toBe("👍2 🎉1");
  expect(device.missed).toBe(1);
});

it("has it asked for after a hole, until that was answered for all that is shown", async () => {
  server.react(said, "1");
  server.count(true);
  const other = server.message("2");
  server.react(other, "1");
  server.count();
  await device.settled();
  expect([await on(said), await on(other), device.missed]).toEqual(["", "👍1", 2]);
  await device.large.counts(GROUP, [other], false);
  server.react(other, "4");
  server.count();
  await device.settled();
  expect(device.missed).toBe(3);
  await ask(said, other);
  server.react(other, "5");
  server.count();
  await device.settled();
  expect([await on(said), await on(other), device.missed]).toEqual(["👍1", "👍3", 3]);
});

it("knows by answers alone what is one's own, and keeps what was told later than one", async () => {
  server.react(said, ME);
  await ask(said);
  expect(await on(said)).toBe("👍1*");
  server.react(said, "1");
  server.count();
  await device.settled();
  expect(await on(said)).toBe("👍2*");
  const older = { type: "counts", conversation: GROUP, before: 0, turn: 1 } as const;
  device.large.frame({ ...older, messages: [{ number: said, reactions: [{ reaction: "👍", count: 1 }] }] });
  await device.settled();
  expect(await on(said)).toBe("👍2*");
});

it("counts what is on a message that is edited meanwhile, and nothing on one that is deleted", async () => {
  const gone = server.message("1");
  server.react(said, "1");
  server.react(gone, "1");
  server.count();
  server.edit(said, "better");
  server.erase(gone);
  server.react(said, "2");
  server.react(gone, "2");
  server.count();
  await device.settled();
  expect([await on(said), await on(gone)]).toEqual(["👍2", ""]);
  expect(await device.texts()).toMatchObject({ [said]: "better", [gone]: null });
});

it("lets go what it counted when the group is small, as events tell from there on", async () => {
  server.react(said, "1");
  server.count();
  await device.settled();
  expect(await on(said)).toBe("👍1");
  server.turn(false);
  await device.take();
  await device.settled();
  expect(await event(database, GROUP, said)).toBeNull();
  expect(device.state.records.get(GROUP)?.ranges.some(([first]) => first <= said)).toBe(false);
});

it("has it asked for from time to time where nobody tells", async () => {
  device.large.tell("again");
  await device.settled();
  expect(device.missed).toBe(1);
  device.polls = true;
  device.large.tell("again");
  await device.settled();
  expect(device.missed).toBe(2);
});
