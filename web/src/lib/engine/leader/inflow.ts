/**
 * Events on their way into the database, in order: what has gathered goes in with one transaction, together with the
 * cursor that covers it, and only then counts as received.
 */
import {
  type AnyEvent,
  ApiError,
  type Connection,
  conversationView,
  type Cursor,
  type Http,
  isChange,
  isDeletion,
  isEdit,
  isMessage,
  isNotice,
  isNumbered,
  isPulled,
  isQuiet,
  type KeptEvent,
} from "@chinwag/client";
import type { Changed, Rewritten } from "../messages.js";
import type { Batch, EngineStore } from "../store/engine-store.js";
import { loadAfresh } from "./afresh.js";
import { Meanwhile } from "./meanwhile.js";
import type { State } from "./state.js";

/** Events that one transaction takes. */
const BATCH = 200;
/** Events that may wait; more is left to be read from the inbox again. */
const WAITING = 5_000;

const GONE: ReadonlySet<string> = new Set(["no_conversation", "not_member"]);

/** What one transaction changes of what is kept in mind. */
export interface Work {
  /** Conversations whose records it takes along. */
  readonly changed: Set<string>;
  /** Conversations of which nothing that is cached holds. */
  readonly unheard: Set<string>;
  readonly dropped: Set<string>;
}

/** Something that is done in its turn among the events. */
type Turn = (work: Work) => Promise<void> | void;

/** `at` null: it came beside the inbox, whose cursor does not cover it. */
type Item = { at: Cursor | null; event: AnyEvent } | { at: Cursor; reset: "old" | "epoch" } | { turn: Turn };

/** Why all is loaded: for the first time, or as the server said. */
export type Afresh = "first" | "old" | "epoch";

export interface InflowNews {
  changed(changed: Changed): void;
  /** Messages that came, not those loaded; `told`: those of them of which the person is told, as the inbox brought them. */
  came(events: readonly KeptEvent[], told: readonly KeptEvent[]): void;
  /** The inbox brought one of a large group that is not the next. Gives whether it is kept all the same; null: load first. */
  aside(event: KeptEvent, changed: Set<string>): Promise<boolean | null>;
  /** A message was changed, and what it says now is not told. */
  withheld(conversation: string, number: number): void;
  /** One's own line is in its place. */
  placed(conversation: string, id: string): void;
  confirmed(conversation: string, number: number): void;
  /** All was loaded afresh. */
  afresh(cause: Afresh): Promise<void>;
  /** It can't go on; the reason is told to whoever leads. */
  failed(error: unknown): void;
}

export class Inflow {
  /** All up to there is in the database. null: nothing is; load afresh. */
  safe: Cursor | null = null;
  /** For whoever asks for pages beside what comes here. */
  readonly meanwhile = new Meanwhile();
  private readonly state: State;
  private readonly store: EngineStore;
  private readonly http: Http;
  private readonly device: string;
  private readonly news: InflowNews;
  private connection: Connection | null = null;
  private queue: Item[] = [];
  private working: Promise<void> | null = null;

  constructor(state: State, store: EngineStore, http: Http, device: string, news: InflowNews) {
    this.state = state;
    this.store = store;
    this.http = http;
    this.device = device;
    this.news = news;
  }

  over(connection: Connection): void {
    this.connection = connection;
  }

  event(at: Cursor, event: AnyEvent): void {
    if (this.queue.length >= WAITING) this.connection?.again("behind");
    else this.put({ at, event });
  }

  /** An event of a large group, as its feed brought it. */
  fed(event: AnyEvent): void {
    if (this.queue.length >= WAITING) this.connection?.again("behind");
    else this.put({ at: null, event });
  }

  /** Have something done once all that came is kept. It may never be, as what waits for a new session is thrown away. */
  turn(turn: Turn): void {
    this.put({ turn });
  }

  /** Load a conversation anew in its turn, and let go what is cached of it. */
  again(conversation: string): void {
    this.turn(async (work) => {
      work.unheard.add(conversation);
      await this.load(conversation, work.changed, work.dropped);
    });
  }

  reset(cause: "old" | "epoch", at: Cursor): void {
    this.queue = [];
    this.put({ at, reset: cause });
  }

  /** Where a new session goes on. What waited and is not kept comes again by it. */
  async settled(): Promise<Cursor | null> {
    this.queue = [];
    await this.working;
    return this.safe;
  }

  /** Until all that came is kept, or thrown away. */
  async stored(): Promise<void> {
    await this.working;
  }

  /** Load all afresh: at first, and when the cursor leads nowhere. Fails as requests do. */
  async afresh(cause: Afresh, at: Cursor | null): Promise<void> {
    if (cause !== "old") {
      await this.store.clear();
      this.state.clear();
    }
    this.safe = await loadAfresh(this.http, this.store, this.state, at, (ids) => {
      const rewritten = ids.map((conversation): Rewritten => ({ conversation, numbers: null }));
      this.news.changed({ conversations: ids, rewritten, people: false, own: true, lines: true, marks: true });
    });
    await this.news.afresh(cause);
  }

  private put(item: Item): void {
    this.queue.push(item);
    this.working ??= this.work().finally(() => {
      this.working = null;
    });
  }

  private async work(): Promise<void> {
    // What came in the same breath goes together.
    await Promise.resolve();
    try {
      while (this.queue.length > 0) {
        const first = this.queue[0];
        if (first !== undefined && "reset" in first) {
          this.queue.shift();
          await this.afresh(first.reset, first.at);
          this.connection?.say({ type: "received", position: first.at.position });
        } else {
          const shared = this.state.own.settings?.share_read;
          await this.batch();
          const now = this.state.own.settings?.share_read;
          // What is shown of others' read marks is another thing from now on, and is not told by events.
          if (shared !== undefined && now !== shared) await this.afresh("old", this.safe);
        }
      }
    } catch (error) {
      // What is not kept comes again with the next session.
      this.queue = [];
      this.news.failed(error);
    }
  }

  private async batch(): Promise<void> {
    const events: KeptEvent[] = [];
    const told: KeptEvent[] = [];
    const passed: KeptEvent[] = [];
    const changed = new Set<string>();
    const dropped = new Set<string>();
    const unheard = new Set<string>();
    const placed: { conversation: string; id: string }[] = [];
    const confirmed = new Map<string, number>();
    const own = this.state.own;
    let at: Cursor | null = null;
    let taken = 0;
    const queue = this.queue;
    for (const item of queue.slice(0, BATCH)) {
      if ("reset" in item) break;
      if ("turn" in item) {
        if (taken > 0) break;
        taken = 1;
        await item.turn({ changed, unheard, dropped });
        break;
      }
      const { event } = item;
      let missing = this.state.event(event, changed);
      let aside = false;
      if (missing !== null) {
        // What came before it is kept first: loading takes time, and may fail.
        if (taken > 0) break;
        if (isNumbered(event) && isPulled(this.state.kept(missing))) {
          const kept = await this.news.aside(event, changed);
          aside = kept === true;
          if (kept !== null) missing = null;
        }
      }
      if (missing !== null) {
        // Whatever changed what is cached of it, this device was not told.
        unheard.add(missing);
        await this.load(missing, changed, dropped);
        if (!dropped.has(missing)) this.state.event(event, changed);
      }
      taken += 1;
      at = item.at ?? at;
      this.note(event, aside, item.at === null ? null : told, events, passed, placed, confirmed);
    }
    // A reset, or a new session, may have thrown away what was being looked at.
    if (this.queue === queue) queue.splice(0, taken);
    if (taken === 0) return;
    const conversations = [...changed].flatMap((id) => this.state.records.get(id) ?? []);
    const batch: Batch = { conversations, unheard, events, passed, placed, confirmed, dropped };
    if (at !== null) batch.cursor = at;
    if (this.state.own !== own) batch.own = this.state.own;
    this.state.take(await this.store.commit(batch));
    if (at !== null) {
      this.safe = at;
      this.connection?.say({ type: "received", position: at.position });
    }
    for (const line of placed) this.news.placed(line.conversation, line.id);
    for (const [conversation, number] of confirmed) this.news.confirmed(conversation, number);
    const rewritten = [...unheard].map((conversation): Rewritten => ({ conversation, numbers: null }));
    this.news.changed({
      conversations: [...changed, ...dropped],
      rewritten: [...rewritten, ...rewrittenBy(events)],
      people: false,
      own: this.state.own !== own,
      // What was refused of a message goes with it.
      lines: placed.length > 0 || events.some(isDeletion),
      marks: confirmed.size > 0,
    });
    if (events.length > 0) this.news.came(events, told);
  }

  private note(
    event: AnyEvent,
    aside: boolean,
    told: KeptEvent[] | null,
    events: KeptEvent[],
    passed: KeptEvent[],
    placed: { conversation: string; id: string }[],
    confirmed: Map<string, number>,
  ): void {
    const mark = event as { kind: string; account?: string; conversation?: string; number?: number };
    if (mark.kind === "read" && mark.account === this.state.me) {
      confirmed.set(mark.conversation ?? "", mark.number ?? 0);
      return;
    }
    const kept = isNumbered(event) ? this.state.kept(event.conversation) : undefined;
    if (isNumbered(event) && (aside || event.number <= (kept?.head ?? 0))) {
      if (kept !== undefined && isNotice(event) && isQuiet(kept, event, this.state.me)) {
        passed.push(event);
        return;
      }
      events.push(event);
      told?.push(event);
      if (isChange(event)) this.meanwhile.came(event);
      if (isEdit(event) && !event.body && !event.replaced) this.news.withheld(event.conversation, event.target);
      const { conversation, id, device } = event;
      const line = isMessage(event) || isChange(event);
      if (line && event.from === this.state.me && device === this.device) placed.push({ conversation, id });
    }
  }

  private async load(conversation: string, changed: Set<string>, dropped: Set<string>): Promise<void> {
    try {
      this.state.view(await conversationView(this.http, conversation));
      changed.add(conversation);
    } catch (error) {
      if (!(error instanceof ApiError) || !GONE.has(error.code)) throw error;
      this.state.records.delete(conversation);
      dropped.add(conversation);
    }
  }
}

/** What these events change, by conversation. */
function rewrittenBy(events: readonly KeptEvent[]): Rewritten[] {
  const numbers = new Map<string, Set<number>>();
  for (const event of events) {
    if (!isChange(event)) continue;
    numbers.set(event.conversation, (numbers.get(event.conversation) ?? new Set()).add(event.target));
  }
  return [...numbers].map(([conversation, some]) => ({ conversation, numbers: [...some] }));
}
