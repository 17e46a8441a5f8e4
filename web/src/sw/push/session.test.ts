import "fake-indexeddb/auto";
import { deleteDB, openDB } from "idb";
import { afterEach, expect, it } from "vitest";
import { endSession, keepSession } from "../../lib/engine/store/session.js";
import { whoever } from "./session.js";

const me = { id: "7", name: "anna", display_name: "Anna", about: "", version: 1, settings: {} };
const SESSION = { me, device: "d1", attempt: "a" } as unknown as Parameters<typeof keepSession>[0];

afterEach(() => deleteDB("chinwag"));

it("knows who is logged in, and that nobody is", async () => {
  expect(await whoever()).toBeNull();
  await keepSession(SESSION);
  expect(await whoever()).toMatchObject({ me: { id: "7" } });
  await endSession("d1", true);
  expect(await whoever()).toBeNull();
});

it("does not wait for ever for a database that somebody holds up", async () => {
  await keepSession(SESSION);
  const holder = await openDB("chinwag", 1);
  // It must go, and whoever has it open does not let it: all that open it wait.
  const gone = deleteDB("chinwag");
  expect(await whoever()).toBeUndefined();
  holder.close();
  await gone;
}, 20_000);
