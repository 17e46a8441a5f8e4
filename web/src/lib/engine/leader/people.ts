/** Names and presence of those that are seen: asked for once, many at a time. */
import { ApiError, directMembers, type Http, type KeptEvent, type PresenceEntry, type User } from "@chinwag/client";
import type { Presence } from "../api.js";
import type { EngineStore } from "../store/engine-store.js";
import type { State } from "./state.js";

/** Accounts that one request asks for. */
const ASKED = 100;
/** Accounts whose presence is asked for by itself, after each welcome. */
const WATCHED = 300;
/** Milliseconds in which somebody who is looked at again is not asked for again. */
const LOOKED = 10_000;
/** The same for somebody who is looked at still. */
export const STILL = 60_000;
/** Accounts that may wait to be asked for. */
const WAITING = 5_000;

export class People {
  private readonly http: Http;
  private readonly store: EngineStore;
  private readonly state: State;
  /** Asked for since this engine leads: what was kept before may have changed meanwhile. */
  private readonly known = new Set<string>();
  /** When somebody was last asked for by being looked at. */
  private readonly looked = new Map<string, number>();
  private readonly news: { people(): void; presence(known: [string, Presence | null][]): void };
  private wanted = new Set<string>();
  private asking = false;
  /** Whether nobody answered who of the list is here. */
  private unanswered = false;

  constructor(http: Http, store: EngineStore, state: State, news: People["news"]) {
    this.http = http;
    this.store = store;
    this.state = state;
    this.news = news;
  }

  take(people: readonly User[]): void {
    for (const one of people) this.known.add(one.id);
  }

  /** Everybody who is seen in the list. */
  ofList(): void {
    for (const { kept } of this.state.records.values()) {
      for (const account of directMembers(kept.id) ?? []) this.want(account);
      if (kept.last !== null) this.ofEvents([kept.last]);
    }
    for (const account of this.state.own.friends.keys()) this.want(account);
    this.ask();
  }

  ofEvents(events: readonly KeptEvent[]): void {
    for (const event of events) {
      this.want(event.from);
      const change = (event as { change?: { account?: unknown; members?: object } }).change;
      if (typeof change?.account === "string") this.want(change.account);
      if (typeof change?.members === "object")
        Object.keys(change.members).forEach((one) => {
          this.want(one);
        });
    }
    this.ask();
  }

  /** Ask for these, known or not. */
  async fetch(accounts: readonly string[]): Promise<void> {
    for (let at = 0; at < accounts.length; at += ASKED) {
      const query = new URLSearchParams(accounts.slice(at, at + ASKED).map((id) => ["id", id]));
      const page = await this.http.ask<{ items: User[] }>("GET", `/v1/users?${query.toString()}`);
      this.take(page.items);
      if (await this.store.keepPeople(page.items)) this.news.people();
    }
  }

  /**
   * Somebody is looked at, or did not take what was sent: names change, and accounts are closed, without a word. Whoever
   * was asked for less than `enough` milliseconds ago is not asked for.
   */
  lookedAt(account: string, enough = LOOKED): void {
    const now = performance.now();
    if (now - (this.looked.get(account) ?? -Infinity) < enough) return;
    this.looked.delete(account);
    this.looked.set(account, now);
    if (this.looked.size > WATCHED) this.looked.delete([...this.looked.keys()][0] ?? "");
    // What failed is asked for again when a window says the next time that it shows it.
    this.fetch([account]).catch(() => this.looked.delete(account));
  }

  /** How it stands with these now; those of whom one may not know are told as null. */
  async presence(accounts: readonly string[]): Promise<void> {
    for (let at = 0; at < accounts.length; at += ASKED) {
      const some = accounts.slice(at, at + ASKED);
      const query = new URLSearchParams(some.map((id) => ["account", id]));
      const { items } = await this.http.ask<{ items: PresenceEntry[] }>("GET", `/v1/presence?${query.toString()}`);
      const found = new Map(items.map(({ account, online, last_active_at }) => [account, { online, last_active_at }]));
      this.news.presence(some.map((account) => [account, found.get(account) ?? null]));
    }
  }

  /** Presence of friends and of partners, the latest first. */
  async presenceOfList(): Promise<void> {
    const records = [...this.state.records.values()].sort((a, b) => b.kept.at - a.kept.at);
    const partners = records.flatMap(({ id }) => directMembers(id) ?? []).filter((one) => one !== this.state.me);
    const wanted = [...new Set([...partners, ...this.state.own.friends.keys()])].slice(0, WATCHED);
    this.unanswered = true;
    if (wanted.length > 0) await this.presence(wanted);
    this.unanswered = false;
  }

  /** Ask anew for what was asked for in vain. Called at times. */
  again(): void {
    this.ask();
    if (this.unanswered) this.presenceOfList().catch(() => undefined); // until the next time
  }

  want(account: string): void {
    if (account !== "" && !this.known.has(account) && this.wanted.size < WAITING) this.wanted.add(account);
  }

  private ask(): void {
    if (this.asking || this.wanted.size === 0) return;
    this.asking = true;
    const wanted = [...this.wanted];
    this.wanted = new Set();
    const answered = this.fetch(wanted).then(
      () => true,
      (error: unknown) => error instanceof ApiError && !error.retryable,
    );
    void answered.then((known) => {
      this.asking = false;
      if (known) {
        this.take(wanted.map((id) => ({ id }) as User));
        this.ask();
      } else for (const one of wanted) this.want(one); // with the next that are seen, or at `again`
    });
  }
}
