import "fake-indexeddb/auto";
import type { DeletedEvent, KeptEvent, View } from "@chinwag/client";
import { deleteDB } from "idb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { State } from "../leader/state.js";
import { PREVIEWS } from "./bounds.js";
import { AccountDatabase, databaseName } from "./database.js";
import { EngineStore } from "./engine-store.js";
import { addLine, dropRefused, fileOf, lines } from "./personal.js";
import { preview } from "./reading.js";

const ME = "1";
const ID = "d~1~2";
const QUIET = { slow: () => undefined, outdated: () => undefined };

let database: AccountDatabase;
let store: EngineStore;

beforeEach(async () => {
  database = new AccountDatabase(ME, QUIET);
  store = new EngineStore(database);
  await store.lead();
});

afterEach(async () => {
  database.close();
  await deleteDB(databaseName(ME));
});

const common = { conversation: ID, from: "2", device: "d", sent_at: 1 };

function message(number: number): KeptEvent {
  const body = { type: "text" as const, text: `m${number}` };
  return { ...common, kind: "message", number, ordinal: number, id: `i${number}`, body };
}

function deletion(number: number, target: number): DeletedEvent {
  return { ...common, kind: "deleted", number, ordinal: target, id: `i${number}`, shown: target, target };
}

async function conversation(): Promise<State> {
  const view: View = {
    ...{ id: ID, kind: "direct", role: "member", title: "", settings: {}, members: [], mentions: [], pins: [] },
    ...{ first: 1, head: 3, ordinal: 3, shown: 3, at: 3, read: 0, unread: 3, last: message(3) },
  };
  const state = new State(ME);
  state.view(view);
  await store.commit({ conversations: state.records.values(), events: [message(1), message(2), message(3)] });
  return state;
}

function line(id: string) {
  const body = { type: "media" as const, upload: "" } as never;
  const frame = { type: "send" as const, id, conversation: ID, body };
  const media = {
    ...{ name: "a.png", media_type: "image/png", size: 4, as: "picture" as const },
    ...{ upload: null, ready: false, paused: false },
  };
  return { conversation: ID, device: "d1", frame, at: 1, since: 0, media };
}

const shown = (number: number, at = 1) => ({
  conversation: ID,
  number,
  size: "320" as const,
  blob: new Blob(["x"]),
  at,
});

describe("what lines carry", () => {
  it("is kept with its line, and goes with it", async () => {
    await addLine(database, line("a"), true, { file: new Blob(["abcd"]) });
    await addLine(database, line("b"), true, { file: new Blob(["efgh"]) });
    expect(await fileOf(database, "a")).not.toBeNull();
    await store.placed(ID, "a", 7, true);
    expect(await fileOf(database, "a")).toBeNull();
    expect(await fileOf(database, "b")).not.toBeNull();
    await store.takeBack(ID, "b");
    expect(await fileOf(database, "b")).toBeNull();
    expect(await lines(database)).toEqual([]);
  });

  it("stays while the line is placed and its event is still to come, and goes with that", async () => {
    const state = await conversation();
    await addLine(database, line("a"), true, { file: new Blob(["abcd"]) });
    await store.placed(ID, "a", 4, false);
    expect(await fileOf(database, "a")).not.toBeNull();
    await store.commit({ conversations: state.records.values(), placed: [{ conversation: ID, id: "a" }] });
    expect(await fileOf(database, "a")).toBeNull();
  });

  it("goes with the upload's id once it is there, and begins anew when it is refused and wanted again", async () => {
    await addLine(database, line("a"), true, { file: new Blob(["abcd"]) });
    const ready = await store.carries(ID, "a", { upload: "u1", ready: true });
    expect(ready?.frame).toMatchObject({ body: { type: "media", upload: "u1" } });
    await store.refused(ID, "a", "quota");
    expect(await fileOf(database, "a")).not.toBeNull();
    const again = await store.carries(ID, "a", { upload: null, ready: false });
    expect(again).toMatchObject({ refused: null, media: { upload: null, ready: false } });
    await store.refused(ID, "a", "quota");
    const [kept] = await lines(database);
    expect(await dropRefused(database, kept?.order ?? 0)).toBe(true);
    expect(await fileOf(database, "a")).toBeNull();
  });
});

describe("previews", () => {
  it("go with the message that is deleted, whether it is cached or not, and do not come back", async () => {
    const state = await conversation();
    for (const number of [1, 2, 3]) await store.keepPreview(shown(number));
    await store.commit({ conversations: state.records.values(), events: [deletion(4, 2)] });
    expect(await preview(database, ID, 2, "320")).toBeNull();
    expect(await preview(database, ID, 1, "320")).not.toBeNull();
    expect(await preview(database, ID, 3, "320")).not.toBeNull();
    // one that was on its way meanwhile
    expect(await store.keepPreview(shown(2))).toBe(false);
    expect(await store.keepPreview(shown(9), [deletion(10, 9)])).toBe(false);
    expect(await preview(database, ID, 9, "320")).toBeNull();
    // of one whose event is not cached
    await store.keepPreview(shown(50));
    await store.commit({ conversations: state.records.values(), events: [deletion(51, 50)] });
    expect(await preview(database, ID, 50, "320")).toBeNull();
  });

  it("go with their conversation, and when all is loaded afresh", async () => {
    const state = await conversation();
    await store.keepPreview(shown(1));
    await store.commit({ conversations: state.records.values(), unheard: [ID] });
    expect(await preview(database, ID, 1, "320")).toBeNull();
    await store.keepPreview(shown(1));
    await store.commit({ dropped: [ID] });
    expect(await preview(database, ID, 1, "320")).toBeNull();
    await store.keepPreview(shown(1));
    await store.clear();
    expect(await preview(database, ID, 1, "320")).toBeNull();
  });

  it("are bounded, the oldest going first", async () => {
    for (let number = 1; number <= PREVIEWS + 1; number += 1) await store.keepPreview(shown(number, number));
    expect(await preview(database, ID, 1, "320")).toBeNull();
    expect(await preview(database, ID, PREVIEWS + 1, "320")).not.toBeNull();
    const count = await database.run(["previews"], "readonly", (tx) => tx.objectStore("previews").count());
    expect(count).toBeLessThanOrEqual(PREVIEWS);
  });
});
