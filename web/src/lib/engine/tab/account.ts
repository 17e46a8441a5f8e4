/** What a tab keeps in mind of the account that is logged in: read from the database, and again where it changes. */
import {
  type Asked,
  type Bond,
  DEFAULTS,
  type Friend,
  type KeptEvent,
  NOTHING,
  type Own,
  type Range,
  type Signal,
  type User,
} from "@chinwag/client";
import type { ConversationDetail, ConversationRow, Draft, Person, Presence } from "../api.js";
import type { Changed, Rewritten } from "../messages.js";
import type { AccountDatabase } from "../store/database.js";
import { drafts, lines, marks, unreads } from "../store/personal.js";
import { all, cached, conversations, events } from "../store/reading.js";
import type { ConversationRecord, MarkRecord, OutboxRecord, UnreadRecord } from "../store/records.js";
import { byActivity, detailOf } from "./rows.js";
import { Value } from "./watched.js";
import { type Ground, Window } from "./window.js";
import { isWish, type Wish, wishesOf } from "./wishes.js";

/** How long somebody counts as writing after the last signal. */
const TYPING = 6_000;
/** Windows whose rows are remembered when they were closed. */
const REMEMBERED = 30;
const NOBODY: readonly string[] = [];

export class Account implements Ground {
  readonly me: string;
  readonly device: string;
  readonly database: AccountDatabase;
  readonly rows = new Value<readonly ConversationRow[]>([]);
  readonly people = new Value<ReadonlyMap<string, Person>>(new Map());
  readonly presence = new Value<ReadonlyMap<string, Presence>>(new Map());
  readonly own = new Value<Own>(NOTHING);
  readonly unread = new Value(0);
  readonly mentions = new Value(0);
  asOf: number | null = null;
  readonly fetch: (id: string, asked: Asked) => Promise<Range>;
  private readonly records = new Map<string, ConversationRecord>();
  private readonly details = new Map<string, ConversationDetail>();
  private readonly watched = new Map<string, Value<ConversationDetail | null>>();
  private readonly open = new Map<string, Set<Window>>();
  private readonly remembered = new Map<string, Window>();
  private waiting: OutboxRecord[] = [];
  private readonly drafts = new Map<string, Draft>();
  /** How often a draft was changed here. */
  private draftings = 0;
  private readonly marks = new Map<string, MarkRecord>();
  private readonly unreads = new Map<string, UnreadRecord>();
  private readonly writing = new Map<string, Map<string, number>>();
  private reading: Promise<void> = Promise.resolve();
  private closed = false;
  private expiring: ReturnType<typeof setTimeout> | undefined;

  constructor(
    database: AccountDatabase,
    me: string,
    device: string,
    fetch: (id: string, asked: Asked) => Promise<Range>,
  ) {
    this.database = database;
    this.me = me;
    this.device = device;
    // What was fetched is in the database; the record here must know of it before anybody looks.
    this.fetch = async (id, asked) => {
      const range = await fetch(id, asked);
      await this.refresh([id]);
      return range;
    };
  }

  /** Read all that is cached. */
  async load(): Promise<void> {
    const held = await all(this.database);
    for (const record of held.conversations) this.records.set(record.id, record);
    this.waiting = held.outbox;
    for (const draft of held.drafts) this.drafts.set(draft.conversation, draft);
    for (const mark of held.marks) this.marks.set(mark.conversation, mark);
    for (const from of held.unread) this.unreads.set(from.conversation, from);
    this.asOf = held.asOf;
    if (held.own !== null) this.owns(held.own);
    this.take(held.people);
    this.draw([...this.records.keys(), ...held.outbox.map((one) => one.conversation)]);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.expiring);
    this.database.close();
    for (const windows of this.open.values()) for (const window of windows) window.close();
  }

  /** The server answers again: what the windows asked for in vain they ask for anew. */
  again(): void {
    for (const windows of this.open.values()) for (const window of windows) window.again();
  }

  /** The engine has changed something. */
  changed(changed: Changed, rewritten: (all: readonly Rewritten[]) => void = () => undefined): void {
    this.soon(async () => {
      const before = this.own.now;
      if (changed.people || changed.own) {
        const { people, own } = await cached(this.database);
        if (changed.own) this.owns(own ?? NOTHING);
        // profiles of friends, and that an account was closed, come with what is one's own
        this.take(people);
      }
      const dirty = new Set(changed.conversations);
      // What one wants of a conversation may be another now.
      const now = this.own.now;
      if (now !== before) for (const id of [...before.preferences.keys(), ...now.preferences.keys()]) dirty.add(id);
      const rewrites = [...(changed.rewritten ?? [])];
      if (changed.lines) await this.readLines(dirty, rewrites);
      if (changed.marks) await this.readMarks(dirty);
      if (changed.conversations.length > 0) await this.refresh(changed.conversations);
      this.rewritten(changed.rewritten ?? []);
      rewritten(rewrites);
      this.draw(dirty);
    });
  }

  signal(signal: Signal): void {
    if (signal.type === "presence") {
      const { account, online, last_active_at } = signal;
      this.known([[account, { online, last_active_at }]]);
    } else if (signal.account !== this.me) {
      const writing = this.writing.get(signal.conversation) ?? new Map<string, number>();
      this.writing.set(signal.conversation, writing.set(signal.account, Date.now() + TYPING));
      this.draw([signal.conversation]);
      setTimeout(() => {
        this.draw([signal.conversation]);
      }, TYPING + 100);
    }
  }

  /** The connection is away: of nobody it is known that they are online; when others were last here is. */
  away(): void {
    const still = [...this.presence.now].filter(([, presence]) => !presence.online);
    if (still.length < this.presence.now.size) this.presence.set(new Map(still));
  }

  known(known: [string, Presence | null][]): void {
    if (this.hidden) return;
    const next = new Map(this.presence.now);
    for (const [account, presence] of known) {
      // Of two tellings about one account the later activity holds.
      const held = next.get(account);
      if (presence === null) next.delete(account);
      else if (held === undefined || held.last_active_at <= presence.last_active_at) next.set(account, presence);
    }
    this.presence.set(next);
  }

  /** Whoever does not tell when they are here is not told of others: what was told before that is not shown either. */
  private get hidden(): boolean {
    return this.own.now.settings?.share_last_seen === false;
  }

  // What is shown

  conversation(id: string): Value<ConversationDetail | null> {
    const held = this.watched.get(id);
    if (held !== undefined) return held;
    const value = new Value<ConversationDetail | null>(this.details.get(id) ?? null);
    this.watched.set(id, value);
    return value;
  }

  window(id: string, at: ConstructorParameters<typeof Window>[2]): Window {
    const before = this.remembered.get(id);
    const window = new Window(this, id, at, before === undefined || before.outdated ? null : before);
    const windows = this.open.get(id) ?? new Set();
    this.open.set(id, windows.add(window));
    return window;
  }

  windows(id: string): ReadonlySet<Window> {
    return this.open.get(id) ?? new Set();
  }

  /** Large groups that windows here show. */
  followed(): string[] {
    return [...this.open].flatMap(([id, windows]) => (windows.size > 0 && this.record(id)?.kept.large ? [id] : []));
  }

  /** A window was closed: what it showed is shown at once when the conversation is opened again. */
  remember(window: Window): void {
    this.open.get(window.id)?.delete(window);
    this.remembered.delete(window.id);
    this.remembered.set(window.id, window);
    for (const id of this.remembered.keys()) {
      if (this.remembered.size <= REMEMBERED) break;
      this.remembered.delete(id);
    }
  }

  friends(own: Own): Friend[] {
    return [...own.friends].map(([account, bond]) => this.friend(account, bond, own));
  }

  // The ground of windows

  record(id: string): ConversationRecord | null {
    return this.records.get(id) ?? null;
  }

  lines(id: string): readonly OutboxRecord[] {
    return this.waiting.filter((one) => one.conversation === id);
  }

  mark(id: string): MarkRecord | null {
    return this.marks.get(id) ?? null;
  }

  unreadFrom(id: string): UnreadRecord | null {
    return this.unreads.get(id) ?? null;
  }

  cached(id: string, range: Range, limit: number, end: "first" | "last"): Promise<KeptEvent[]> {
    return events(this.database, id, range, limit, end);
  }

  // What this tab changes by itself

  /** Lines that wait, of all tabs as far as they were told. */
  get waits(): number {
    return this.waiting.length;
  }

  /** A line was kept, and its draft is gone. */
  wrote(line: OutboxRecord): void {
    this.waiting = [...this.waiting.filter((one) => one.order !== line.order), line].sort((a, b) => a.order - b.order);
    if (!isWish(line) && line.media === undefined) {
      this.drafts.delete(line.conversation);
      this.draftings += 1;
    }
    this.draw([line.conversation]);
  }

  discarded(order: number): void {
    const line = this.waiting.find((one) => one.order === order);
    this.waiting = this.waiting.filter((one) => one.order !== order);
    if (line !== undefined) this.draw([line.conversation]);
  }

  unsentLine(id: string): OutboxRecord | null {
    return this.waiting.find((one) => one.id === id) ?? null;
  }

  /** Edits and deletions of a message that wait, or were refused. */
  wishes(id: string, number: number): readonly Wish[] {
    return wishesOf(this.lines(id)).get(number) ?? [];
  }

  read(mark: MarkRecord): void {
    if ((this.marks.get(mark.conversation)?.number ?? 0) >= mark.number) return;
    this.marks.set(mark.conversation, mark);
    this.draw([mark.conversation]);
  }

  /** null: it counts as it was read. */
  toUnread(id: string, from: UnreadRecord | null): void {
    if (from === null) this.unreads.delete(id);
    else this.unreads.set(id, from);
    this.draw([id]);
  }

  draft(id: string): Draft | null {
    return this.drafts.get(id) ?? null;
  }

  drafted(id: string, draft: Draft | null): void {
    this.draftings += 1;
    if (draft === null) this.drafts.delete(id);
    else this.drafts.set(id, draft);
    this.draw([id]);
  }

  // Inside

  private owns(own: Own): void {
    this.own.set(own);
    if (this.hidden && this.presence.now.size > 0) this.presence.set(new Map());
  }

  private async refresh(ids: readonly string[]): Promise<void> {
    const found = new Map((await conversations(this.database, ids)).map((one) => [one.id, one]));
    for (const id of ids) {
      const record = found.get(id);
      if (record === undefined) this.records.delete(id);
      else this.records.set(id, record);
    }
  }

  /** Messages are not what they were: no window shows them as they were, nor is one remembered that does. */
  private rewritten(all: readonly Rewritten[]): void {
    for (const { conversation, numbers } of all) {
      if (this.remembered.get(conversation)?.shows(numbers)) this.remembered.delete(conversation);
      for (const window of this.open.get(conversation) ?? []) window.rewritten(numbers);
    }
  }

  private async readLines(dirty: Set<string>, rewrites: Rewritten[]): Promise<void> {
    const before = this.waiting;
    this.waiting = await lines(this.database);
    for (const line of [...before, ...this.waiting]) {
      dirty.add(line.conversation);
      if (isWish(line)) rewrites.push({ conversation: line.conversation, numbers: [line.frame.number] });
    }
    // A line that another tab wrote was a draft here too.
    const { draftings } = this;
    const held = await drafts(this.database);
    if (draftings !== this.draftings) return; // what was typed here meanwhile is newer
    for (const id of this.drafts.keys()) dirty.add(id);
    this.drafts.clear();
    for (const draft of held) {
      this.drafts.set(draft.conversation, draft);
      dirty.add(draft.conversation);
    }
  }

  private async readMarks(dirty: Set<string>): Promise<void> {
    for (const id of this.marks.keys()) dirty.add(id);
    this.marks.clear();
    for (const mark of await marks(this.database)) {
      this.marks.set(mark.conversation, mark);
      dirty.add(mark.conversation);
    }
    for (const id of this.unreads.keys()) dirty.add(id);
    this.unreads.clear();
    for (const from of await unreads(this.database)) {
      this.unreads.set(from.conversation, from);
      dirty.add(from.conversation);
    }
  }

  private draw(dirty: Iterable<string>): void {
    if (this.closed) return;
    for (const id of new Set(dirty)) {
      const kept = this.records.get(id)?.kept ?? null;
      const waiting = this.lines(id);
      const parts = {
        kept,
        lines: waiting,
        draft: this.draft(id),
        mark: this.mark(id),
        from: this.unreadFrom(id),
        typing: this.typing(id),
        preferences: this.own.now.preferences.get(id) ?? DEFAULTS,
      };
      const detail = kept === null && waiting.length === 0 ? null : detailOf(id, parts, this.me);
      if (detail === null) this.details.delete(id);
      else this.details.set(id, detail);
      this.watched.get(id)?.set(detail);
      for (const window of this.open.get(id) ?? []) window.changed();
    }
    this.rows.set(byActivity(this.details.values()));
    const heard = [...this.details.values()].filter((one) => !one.muted);
    this.unread.set(heard.reduce((sum, one) => sum + one.unread, 0));
    this.mentions.set(heard.reduce((sum, one) => sum + one.mentions, 0));
    this.expire();
  }

  /** Draw anew what is muted when that is over. */
  private expire(): void {
    clearTimeout(this.expiring);
    const muted = [...this.details.values()].filter((one) => one.muted);
    if (muted.length === 0) return;
    const first = Math.min(...muted.map((one) => one.preferences.muted_until));
    // A browser counts no further than about 24 days.
    this.expiring = setTimeout(
      () => {
        this.draw(muted.map((one) => one.id));
      },
      Math.min(first - Date.now() + 1, 0x7fffffff),
    );
  }

  private typing(id: string): readonly string[] {
    const writing = this.writing.get(id);
    if (writing === undefined) return NOBODY;
    const last = this.records.get(id)?.kept.last;
    for (const [account, until] of writing) {
      // Somebody whose message came has stopped writing it.
      if (until <= Date.now() || (last?.from === account && last.sent_at > until - TYPING)) writing.delete(account);
    }
    if (writing.size === 0) this.writing.delete(id);
    return [...writing.keys()];
  }

  private take(people: readonly User[]): void {
    const next = new Map(this.people.now);
    for (const one of people) next.set(one.id, { ...one, known: true });
    const { profiles, versions } = this.own.now;
    for (const { account: id, name, display_name, about, avatar, closed } of profiles.values()) {
      const held = next.get(id);
      // What was asked for may be newer than what an event told. Of a closed account nothing newer comes.
      const version = versions.get(`profile:${id}`) ?? 0;
      if (held?.closed || (!closed && (held?.version ?? 0) > version)) continue;
      next.set(id, { id, name, display_name, about, avatar, closed, version, known: true });
    }
    this.people.set(next);
  }

  private friend(account: string, bond: Bond, own: Own): Friend {
    const user = this.people.now.get(account) ?? stranger(account);
    return { user, ...bond, version: own.versions.get(`friend:${account}`) ?? 0 };
  }

  /** Reads of the database follow each other, so that the newest is drawn last. */
  private soon(work: () => Promise<void>): void {
    this.reading = this.reading.then(work).catch(() => {
      // The database went; whoever opens it again reads all anew.
    });
  }
}

export function stranger(account: string): Person {
  return { id: account, name: "", display_name: "", about: "", avatar: "", closed: false, version: 0, known: false };
}
