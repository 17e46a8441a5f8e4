/** The database of one account, opened when it is needed and again when the browser closes it. */
import { deleteDB, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { type AccountSchema, CACHED, FORM, type StoreName } from "./records.js";

/** After so long without an answer the database counts as slow, which the banner says. */
const SLOW = 5_000;

export type Tx<Mode extends IDBTransactionMode> = IDBPTransaction<AccountSchema, StoreName[], Mode>;

/** Who wants to know how it goes. */
export interface DatabaseNews {
  /** It does not answer; or it does again. */
  slow(is: boolean): void;
  /** A newer app is here: this one must end, and let go of the database. */
  outdated(): void;
}

/** This app is older than what lies in the database. */
export class Outdated extends Error {
  override readonly name = "Outdated";
}

/** This connection was let go of, by whoever had it or as the database was removed: nothing is wrong with what lies there. */
export class LetGo extends Error {
  override readonly name = "LetGo";
}

export function databaseName(account: string): string {
  return `chinwag.account.${account}`;
}

/** Remove it. Other tabs let go of it when they hear of that. */
export async function wipe(account: string): Promise<void> {
  await deleteDB(databaseName(account));
}

export class AccountDatabase {
  readonly account: string;
  private readonly news: DatabaseNews;
  private readonly version: number;
  private opening: Promise<IDBPDatabase<AccountSchema>> | null = null;
  private ended = false;
  private isOutdated = false;
  private waiting = 0;
  private watch: ReturnType<typeof setTimeout> | null = null;
  private isSlow = false;

  /** `version`: the form, for tests. */
  constructor(account: string, news: DatabaseNews, version = FORM) {
    this.account = account;
    this.news = news;
    this.version = version;
  }

  /**
   * Do `work` in one transaction; all of it is kept when this returns, or none of it. `work` must await nothing but the
   * transaction: it would end. A database that the browser has closed meanwhile is opened again. Fails with `Outdated`,
   * `LetGo`, or as IndexedDB does.
   */
  async run<T, Mode extends "readonly" | "readwrite">(
    stores: StoreName[],
    mode: Mode,
    work: (tx: Tx<Mode>) => Promise<T>,
    durability: "default" | "strict" = "default",
  ): Promise<T> {
    this.begins();
    try {
      for (let attempt = 1; ; attempt += 1) {
        const database = await this.open();
        try {
          return await once(database, stores, mode, work, durability);
        } catch (error) {
          if (attempt > 1 || !isClosed(error)) throw error;
          this.forget(database);
        }
      }
    } finally {
      this.ends();
    }
  }

  /** Let go of it. Nothing can be done with it any more. */
  close(): void {
    this.ended = true;
    void this.opening?.then(
      (database) => {
        database.close();
      },
      () => undefined,
    );
    this.opening = null;
    if (this.watch !== null) clearTimeout(this.watch);
  }

  private async open(): Promise<IDBPDatabase<AccountSchema>> {
    if (this.isOutdated) throw new Outdated("the database is of a newer app");
    if (this.ended) throw new LetGo("the database was let go of");
    const opening = (this.opening ??= this.openNow());
    try {
      return await opening;
    } catch (error) {
      if (this.opening === opening) this.opening = null;
      if (isOfNewer(error)) {
        this.outdated();
        throw new Outdated("the database is of a newer app", { cause: error });
      }
      throw error;
    }
  }

  private openNow(): Promise<IDBPDatabase<AccountSchema>> {
    return openDB<AccountSchema>(databaseName(this.account), this.version, {
      upgrade: (database, from, _to, tx) => {
        const present = new Set<string>(database.objectStoreNames);
        if (!present.has("state")) database.createObjectStore("state");
        if (!present.has("outbox")) {
          const outbox = database.createObjectStore("outbox", { keyPath: "order", autoIncrement: true });
          outbox.createIndex("id", ["conversation", "id"], { unique: true });
        }
        if (!present.has("drafts")) database.createObjectStore("drafts", { keyPath: "conversation" });
        if (!present.has("marks")) database.createObjectStore("marks", { keyPath: "conversation" });
        if (!present.has("unread")) database.createObjectStore("unread", { keyPath: "conversation" });
        if (!present.has("files")) database.createObjectStore("files", { keyPath: "id" });
        // What is cached in another form is loaded afresh; without a cursor the engine does so.
        for (const name of CACHED) if (present.has(name)) database.deleteObjectStore(name);
        database.createObjectStore("conversations", { keyPath: "id" });
        database.createObjectStore("events", { keyPath: ["conversation", "number"] });
        database.createObjectStore("people", { keyPath: "id" });
        const previews = database.createObjectStore("previews", { keyPath: ["conversation", "number", "size"] });
        previews.createIndex("at", "at");
        if (from > 0) {
          void tx.objectStore("state").delete("cursor");
          void tx.objectStore("state").delete("own");
        }
      },
      blocking: (_current, wanted) => {
        // Removed: somebody logged out. Else a newer app wants it in another form.
        if (wanted === null) this.close();
        else this.outdated();
      },
      terminated: () => {
        this.opening = null;
      },
    });
  }

  private outdated(): void {
    if (this.ended) return;
    this.isOutdated = true;
    this.close();
    this.news.outdated();
  }

  private forget(database: IDBPDatabase<AccountSchema>): void {
    database.close();
    this.opening = null;
  }

  private begins(): void {
    this.waiting += 1;
    this.watch ??= setTimeout(() => {
      this.isSlow = true;
      this.news.slow(true);
    }, SLOW);
  }

  private ends(): void {
    this.waiting -= 1;
    if (this.watch !== null) clearTimeout(this.watch);
    this.watch = null;
    if (this.isSlow) {
      this.isSlow = false;
      this.news.slow(false);
    }
    if (this.waiting > 0) {
      this.waiting -= 1;
      this.begins();
    }
  }
}

async function once<T, Mode extends "readonly" | "readwrite">(
  database: IDBPDatabase<AccountSchema>,
  stores: StoreName[],
  mode: Mode,
  work: (tx: Tx<Mode>) => Promise<T>,
  durability: "default" | "strict",
): Promise<T> {
  const tx = database.transaction(stores, mode, { durability });
  const done = tx.done;
  done.catch(() => undefined); // it is awaited below, unless `work` fails first
  try {
    const value = await work(tx);
    await done;
    return value;
  } catch (error) {
    try {
      tx.abort();
    } catch {
      // it is over already
    }
    throw error;
  }
}

/** What lies in a database is of a newer app than this one. */
export function isOfNewer(error: unknown): boolean {
  return error instanceof Outdated || (error instanceof DOMException && error.name === "VersionError");
}

/** The connection went, and not what was done on it was wrong. */
function isClosed(error: unknown): boolean {
  return error instanceof DOMException && error.name === "InvalidStateError";
}
