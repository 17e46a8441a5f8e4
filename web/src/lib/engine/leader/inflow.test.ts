import "fake-indexeddb/auto";
import type { AnyEvent } from "@chinwag/client";
import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AccountDatabase, databaseName } from "../store/database.js";
import { EngineStore } from "../store/engine-store.js";
import { type Afresh, Inflow } from "./inflow.js";
import { DEVICE, GROUP, GroupServer, ME } from "./large-server.test-support.js";
import { State } from "./state.js";

/** It notes that it was to load all afresh. */
class Noting extends Inflow {
  readonly loaded: Afresh[] = [];

  override afresh(cause: Afresh): Promise<void> {
    this.loaded.push(cause);
    return Promise.resolve();
  }
}

let database: AccountDatabase;
let server: GroupServer;
let inflow: Noting;

beforeEach(async () => {
  database = new AccountDatabase(ME, { slow: () => undefined, outdated: () => undefined });
  const store = new EngineStore(database);
  await store.lead();
  server = new GroupServer();
  inflow = new Noting(new State(ME), store, server.http, DEVICE, {
    changed: () => undefined,
    came: () => undefined,
    aside: () => Promise.resolve(false),
    withheld: () => undefined,
    placed: () => undefined,
    confirmed: () => undefined,
    afresh: () => Promise.resolve(),
    failed: (error) => {
      throw error;
    },
  });
});

afterEach(async () => {
  database.close();
  await deleteDB(databaseName(ME));
});

it("loads all afresh when it is told so while it waits for one conversation", async () => {
  server.held = [];
  // Its beginning is missing: it must be loaded first, and nobody answers yet.
  inflow.event({ epoch: 1, position: 1 }, server.log[1] as AnyEvent);
  await expect.poll(() => server.asked).toContain(`/v1/conversations/${encodeURIComponent(GROUP)}`);
  inflow.reset("epoch", { epoch: 2, position: 0 });
  server.release();
  await inflow.stored();
  expect(inflow.loaded).toEqual(["epoch"]);
});
