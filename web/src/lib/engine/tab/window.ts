/** A window on a conversation's rows. It reads the cache, and has the leader fetch what is not there. */
import { type Asked, clipped, covers, type KeptEvent, type Range, rangeAt, type Ranges, unread } from "@chinwag/client";
import type { Failure, MessageWindow, Place, Row, WindowState } from "../api.js";
import { failed } from "../failure.js";
import { places } from "../folding.js";
import type { ConversationRecord, MarkRecord, OutboxRecord, UnreadRecord } from "../store/records.js";
import { Value } from "./watched.js";
import { rowOfEvent, rowOfLine } from "./rows.js";
import { isWish, type Wish, wishesOf } from "./wishes.js";

/**
 * Rows in a window at most, where notices that are drawn as one count as one, or those who joined together would fill it with
 * what takes no room; rows on either side of a place that is gone to; rows of one request.
 */
export const MOST = 400;
const SIDE = 60;
const PAGE = 100;

/** What a window stands on. */
export interface Ground {
  readonly me: string;
  readonly device: string;
  record(id: string): ConversationRecord | null;
  lines(id: string): readonly OutboxRecord[];
  mark(id: string): MarkRecord | null;
  /** From where on the person wants it unread. */
  unreadFrom(id: string): UnreadRecord | null;
  /** Cached events between two numbers, rising: the first or last `limit`. */
  cached(id: string, range: Range, limit: number, end: "first" | "last"): Promise<KeptEvent[]>;
  /** Fetch a page; its events and ranges are in the cache and in `record` when this returns. */
  fetch(id: string, asked: Asked): Promise<Range>;
}

/** What is shown: all events between two numbers that there are, and which numbers these are. */
interface Shown {
  low: number;
  high: number;
  events: readonly KeptEvent[];
}

const NOTHING: Shown = { low: 1, high: 0, events: [] };

export class Window extends Value<WindowState> implements MessageWindow {
  readonly id: string;
  reading: () => string | null = () => null;
  private readonly ground: Ground;
  private readonly rows = new Map<number, { kept: KeptEvent; wishes: readonly Wish[]; row: Row }>();
  private shown: Shown = NOTHING;
  private settled = false;
  /** The window reached the end when it was looked at last. */
  private sticks = false;
  private loading = { before: false, after: false };
  private failure: Failure | null = null;
  private target: WindowState["target"] = { number: null, jump: 0 };
  private readonly unreadFrom: number | null;
  /** Where it was told to go, and could not yet: what is known does not reach there, or the first fetch failed. */
  private wanted: Place | null = null;
  private closed = false;
  private rereading = 0;
  private work: Promise<void> = Promise.resolve();

  /** `before`: the window that was on this conversation last, whose rows are shown at once. */
  constructor(ground: Ground, id: string, at: Place | null, before: Window | null) {
    const record = ground.record(id);
    const unreadFrom = firstUnread(record, ground.mark(id), ground.unreadFrom(id));
    super({
      rows: [],
      atStart: false,
      atEnd: false,
      loading: { before: false, after: false },
      failed: null,
      target: { number: null, jump: 0 },
      unreadFrom,
      below: 0,
    });
    this.ground = ground;
    this.id = id;
    this.unreadFrom = unreadFrom;
    if (before !== null) {
      this.shown = before.shown;
      this.settled = before.settled;
      this.sticks = before.sticks;
    }
    this.tell();
    const to = at ?? (unreadFrom === null ? "newest" : "unread");
    // Where it was left, and nothing has come since: all is there.
    if (at !== null || unreadFrom !== null || !this.settled) void this.jump(to).catch(() => undefined);
    else void this.then(() => this.follow());
  }

  showBefore(count = 50): Promise<void> {
    return this.then(() => this.extend("before", count));
  }

  showAfter(count = 50): Promise<void> {
    return this.then(() => this.extend("after", count));
  }

  jump(to: Place): Promise<void> {
    return this.then(() => this.go(to));
  }

  /** The server answers again: do what failed, and what was asked for in vain may be asked for anew. */
  again(): void {
    if (this.failure !== null) this.changed();
  }

  close(): void {
    this.closed = true;
  }

  /** Something of the conversation changed: its events, its lines, its marks. */
  changed(): void {
    if (this.closed) return;
    void this.then(() => this.follow());
  }

  /** Whether it shows one of these; null: any at all. */
  shows(numbers: readonly number[] | null): boolean {
    if (numbers === null) return this.shown.events.length > 0;
    return this.shown.events.some((event) => numbers.includes(event.number));
  }

  /** Messages are not what they were; null: any may not be. Until they are read again, `outdated` is true. */
  rewritten(numbers: readonly number[] | null): void {
    if (this.closed || !this.shows(numbers)) return;
    this.rereading += 1;
    void this.then(async () => {
      await this.reread(numbers);
      this.rereading -= 1;
    });
  }

  /** It shows something that is known to be another by now. */
  get outdated(): boolean {
    return this.rereading > 0;
  }

  /** One thing after the other, so that none works on what another has just changed. */
  private then(work: () => Promise<void>): Promise<void> {
    const next = this.work.then(async () => {
      if (this.closed) return;
      try {
        this.failure = null;
        await work();
      } catch (error) {
        this.failure = failed(error);
        throw this.failure;
      } finally {
        this.loading = { before: false, after: false };
        this.tell();
      }
    });
    this.work = next.catch(() => undefined);
    // Whoever asked hears of the failure by the promise; everybody by `failed`.
    next.catch(() => undefined);
    return next;
  }

  private async go(to: Place): Promise<void> {
    const record = this.ground.record(this.id);
    if (record === null) {
      this.shown = NOTHING;
      this.settled = true;
      this.wanted = to;
      return;
    }
    const { head, first } = record.kept;
    if (!this.settled) this.wanted = to;
    const unread =
      to === "unread" ? firstUnread(record, this.ground.mark(this.id), this.ground.unreadFrom(this.id)) : null;
    // What is unread of a large group may lie above what is held so far, and follows.
    const number = Math.min(typeof to === "number" ? Math.max(to, first) : (unread ?? head), head);
    const newest = number === head;
    const known = await this.known(number, newest ? { side: "newest", limit: PAGE } : around(number));
    const before = await this.ground.cached(this.id, [known[0], number], SIDE, "last");
    const after = await this.ground.cached(this.id, [number + 1, known[1]], SIDE, "first");
    this.shown = {
      low: before.length < SIDE ? known[0] : (before[0]?.number ?? known[0]),
      high: after.length < SIDE ? known[1] : (after.at(-1)?.number ?? known[1]),
      events: [...before, ...after],
    };
    this.settled = true;
    this.wanted = typeof to === "number" && to > head ? to : null;
    // What came while the cache was read follows: `changed` has been called for it, and waits for its turn.
    this.sticks = this.shown.high >= head;
    this.target = { number: typeof to === "number" || unread !== null ? number : null, jump: this.target.jump + 1 };
  }

  /** What is known around a number; asked for, if nothing is. */
  private async known(number: number, asked: Asked): Promise<Range> {
    const there = rangeAt(this.ranges(), number);
    if (there !== null) return there;
    this.loading = { before: true, after: true };
    this.tell();
    const fetched = await this.ground.fetch(this.id, asked);
    return rangeAt(this.ranges(), number) ?? fetched;
  }

  private async extend(side: "before" | "after", count: number): Promise<void> {
    if (!this.settled) return this.go(this.wanted ?? "newest");
    const head = this.ground.record(this.id)?.kept.head ?? 0;
    let wanted = count;
    // A page may hold nothing that is shown: then the next one is looked at, some times.
    for (let pages = 0; pages < 5 && wanted > 0 && !this.ends(side); pages += 1) {
      const edge = side === "before" ? this.shown.low - 1 : this.shown.high + 1;
      let known = rangeAt(this.ranges(), edge);
      if (known === null) {
        this.loading = { ...this.loading, [side]: true };
        this.tell();
        const number = side === "before" ? this.shown.low : this.shown.high;
        const fetched = await this.ground.fetch(this.id, { side, number, limit: PAGE });
        known = rangeAt(this.ranges(), edge) ?? fetched;
        // Nothing is known still: the server has nothing there for us.
        if (known[0] > edge || known[1] < edge) return;
      }
      wanted -= await this.join(side, known, wanted);
      // Before anything is told of it: the next page may take a while.
      this.shown = cutTo(this.shown, side, this.readAt());
    }
    this.sticks = this.shown.high >= head;
  }

  private async join(side: "before" | "after", known: Range, count: number): Promise<number> {
    const { low, high, events } = this.shown;
    if (side === "before") {
      const more = await this.ground.cached(this.id, [known[0], low - 1], count, "last");
      this.shown = {
        low: more.length < count ? known[0] : (more[0]?.number ?? known[0]),
        high,
        events: [...more, ...events],
      };
      return more.length;
    }
    const more = await this.ground.cached(this.id, [high + 1, known[1]], count, "first");
    const to = more.length < count ? known[1] : (more.at(-1)?.number ?? known[1]);
    this.shown = { low, high: to, events: [...events, ...more] };
    return more.length;
  }

  private async reread(numbers: readonly number[] | null): Promise<void> {
    const { low, high, events } = this.shown;
    if (numbers === null) {
      if (!this.settled) return;
      if (!covers(this.ranges(), [low, high])) return this.go(this.here());
      const all = await this.ground.cached(this.id, [low, high], Math.max(MOST, events.length), "first");
      this.shown = { low, high, events: all };
      return;
    }
    const wanted = new Set(numbers);
    const next = await Promise.all(
      events.map(async (event) => {
        if (!wanted.has(event.number)) return event;
        const [now] = await this.ground.cached(this.id, [event.number, event.number], 1, "first");
        return now ?? event;
      }),
    );
    this.shown = { low, high, events: next };
  }

  /** The place that is being read. */
  private here(): Place {
    const at = this.readAt();
    return this.shown.events[at]?.number ?? "newest";
  }

  /** Take what came at the end, if the end is shown. */
  private async follow(): Promise<void> {
    const record = this.ground.record(this.id);
    if (record === null) return;
    const { wanted } = this;
    if (wanted !== null && (typeof wanted !== "number" || wanted <= record.kept.head || this.shown === NOTHING)) {
      return this.go(wanted);
    }
    if (!this.settled || (this.shown === NOTHING && record.kept.head > 0)) return this.go(wanted ?? "newest");
    // The end was shown until now: what follows it without a gap is shown, too, as far as there is room.
    if (!this.sticks) {
      this.sticks = this.ends("after");
      return;
    }
    let room = MOST - drawn(this.shown.events);
    for (let next = this.next(); next !== null && room > 0; next = this.next()) {
      await this.join("after", next, room);
      room = MOST - drawn(this.shown.events);
    }
    // A view of the server's may know of the head before its events are here. They come, and this end waits for them:
    // only a window that is full follows no longer.
    this.sticks = this.ends("after") || room > 0;
  }

  /** What is known without a gap behind what is shown. */
  private next(): Range | null {
    return rangeAt(this.ranges(), this.shown.high + 1);
  }

  /** Where the row that is being read lies among those shown; -1 if it does not. */
  private readAt(): number {
    const key = this.reading();
    return key === null ? -1 : this.shown.events.findIndex((event) => this.rows.get(event.number)?.row.key === key);
  }

  private ends(side: "before" | "after"): boolean {
    const kept = this.ground.record(this.id)?.kept;
    return kept === undefined || (side === "before" ? this.shown.low <= kept.first : this.shown.high >= kept.head);
  }

  private ranges(): Ranges {
    const record = this.ground.record(this.id);
    return record === null ? [] : clipped(record.ranges, [record.kept.first, record.kept.head]);
  }

  private tell(): void {
    if (this.closed) return;
    const atEnd = this.settled && this.ends("after");
    const lines = this.ground.lines(this.id);
    const wishes = wishesOf(lines);
    const rows = this.shown.events.map((event) => this.row(event, wishes.get(event.number)));
    const keys = new Set(rows.map((row) => row.key));
    if (atEnd) {
      // Its event may be here a moment before the line goes.
      for (const line of lines) if (!isWish(line) && !keys.has(`own ${line.id}`)) rows.push(rowOfLine(line));
    }
    const kept = this.ground.record(this.id)?.kept;
    const seen = Math.max(
      this.shown.events.at(-1)?.ordinal ?? 0,
      kept?.readOrdinal ?? 0,
      this.ground.mark(this.id)?.ordinal ?? 0,
    );
    this.set({
      rows,
      atStart: this.settled && this.ends("before"),
      atEnd,
      loading: this.loading,
      failed: this.failure,
      target: this.target,
      unreadFrom: this.unreadFrom,
      below: Math.max(0, (kept?.ordinal ?? 0) - seen),
    });
  }

  private row(kept: KeptEvent, wishes: readonly Wish[] = []): Row {
    const held = this.rows.get(kept.number);
    const same = held?.wishes.length === wishes.length && held.wishes.every((one, at) => one === wishes[at]);
    if (held?.kept === kept && same) return held.row;
    const row = rowOfEvent(kept, this.ground.device, wishes, this.ground.me);
    this.rows.set(kept.number, { kept, wishes, row });
    return row;
  }
}

function around(number: number): Asked {
  return { side: "around", number, limit: PAGE };
}

/**
 * `shown` with at most `MOST` rows: those go that lie farthest from `side`, but for those around the one that is read,
 * which may be far from that side by now: `read` is its place, or -1.
 */
function cutTo(shown: Shown, side: "before" | "after", read: number): Shown {
  const { low, high, events } = shown;
  const at = places(events);
  const spare = drawn(events) - MOST;
  if (spare <= 0) return shown;
  const reads = at[read] ?? -1;
  const kept = side === "before" ? Math.max(0, reads + SIDE - MOST) : reads < 0 ? spare : Math.max(0, reads - SIDE);
  const from = Math.min(kept, spare);
  const left = events.filter((_, index) => {
    const place = at[index] ?? 0;
    return place >= from && place < from + MOST;
  });
  return {
    low: from === 0 ? low : (left[0]?.number ?? low),
    high: from === spare ? high : (left.at(-1)?.number ?? high),
    events: left,
  };
}

/** How many rows are drawn of these events, more or less: a new day, or what is new, parts them as well. */
function drawn(events: readonly KeptEvent[]): number {
  return (places(events).at(-1) ?? -1) + 1;
}

/** The first number that may be unread; null if nothing is. */
function firstUnread(
  record: ConversationRecord | null,
  mark: MarkRecord | null,
  from: UnreadRecord | null,
): number | null {
  if (record === null) return null;
  const { kept } = record;
  if (from !== null) return Math.min(Math.max(from.number, kept.first), kept.head);
  if (unread(kept, mark) === 0) return null;
  return Math.max(kept.read, mark?.number ?? 0, kept.first - 1) + 1;
}
