/** Who is logged in, in this browser: one account at a time. A small database beside those of the accounts. */
import type { Me } from "@chinwag/client";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

export interface SessionRecord {
  me: Me;
  device: string;
  /**
   * The name of this log-in's exchanges of the refresh token, which is a cookie: one for as long as it lasts. A browser
   * may lose its newest cookie at a kill; the same attempt makes the same successor of the one before.
   */
  attempt: string;
}

interface RootSchema extends DBSchema {
  session: { key: "current" | "last"; value: SessionRecord };
}

const NAME = "chinwag";

async function inRoot<T>(work: (database: IDBPDatabase<RootSchema>) => Promise<T>): Promise<T> {
  const database = await openDB<RootSchema>(NAME, 1, {
    upgrade: (fresh) => {
      fresh.createObjectStore("session");
    },
  });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

/** Who is logged in; null: nobody. */
export async function currentSession(): Promise<SessionRecord | null> {
  return inRoot(async (database) => (await database.get("session", "current")) ?? null);
}

/** Who was here last, whether or not the session goes on. */
export async function lastSession(): Promise<SessionRecord | null> {
  return inRoot(async (database) => (await database.get("session", "last")) ?? null);
}

/** Somebody logged in, or its account changed. Kept when this returns. */
export async function keepSession(session: SessionRecord): Promise<void> {
  await inRoot(async (database) => {
    const tx = database.transaction("session", "readwrite", { durability: "strict" });
    await Promise.all([tx.store.put(session, "current"), tx.store.put(session, "last"), tx.done]);
  });
}

/** The session of `device` is over. One that began meanwhile stays. `wholly`: forget that it was here, too. */
export async function endSession(device: string, wholly: boolean): Promise<void> {
  await inRoot(async (database) => {
    const tx = database.transaction("session", "readwrite", { durability: "strict" });
    if ((await tx.store.get("current"))?.device === device) await tx.store.delete("current");
    if (wholly && (await tx.store.get("last"))?.device === device) await tx.store.delete("last");
    await tx.done;
  });
}
