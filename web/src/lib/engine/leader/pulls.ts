/**
 * Large groups, whose events no inbox brings: they are watched, what is open is followed, and what lies between a number
 * that is held and one that was heard of is asked for (docs/protocol.md, "Large groups").
 */
import {
  asideOf,
  changesAfter,
  type ClientFrame,
  conversationView,
  type GroupHead,
  type GroupHeads,
  type Http,
  isPulled,
  type Kept,
  type KeptEvent,
  lags,
  noted,
  type NudgeFrame,
  raised,
  type ServerFrame,
} from "@chinwag/client";
import { Counting } from "./counting.js";
import type { AccountDatabase } from "../store/database.js";
import type { EngineStore } from "../store/engine-store.js";
import type { Inflow } from "./inflow.js";
import type { State } from "./state.js";

/** Groups that are watched, and that are followed, at once. */
const WATCHED = 500;
const FOLLOWED = 8;
/** Groups that are open and not followed, and are asked for what they are said to hold, at once. */
const ASKED = 32;
/** Groups that one request names. */
const NAMED = 100;
/** Groups of which the list is told what was said last, after they were not heard of for a while. */
const LOOKED = 30;
/** Milliseconds from one look at where all are to the next, at random between; and after one that failed. */
const HEADS = 5 * 60_000;
const HEADS_AGAIN = 30_000;
/** Milliseconds after which one is followed again that could not be, or that came too fast. */
const REST = 2_000;
/** Pages by which one that lags is led up; with more between it is loaded anew. */
const STEPS = 50;

export interface PullsParts {
  http: Http;
  state: State;
  database: AccountDatabase;
  store: EngineStore;
  inflow: Pick<Inflow, "fed" | "turn" | "again" | "stored">;
  device: string;
  say(frame: ClientFrame): void;
  online(): boolean;
  /** Whether nobody tells of counts: what comes is asked for. */
  polls(): boolean;
  /** Messages have other reactions. */
  rewritten(conversation: string, numbers: number[]): void;
  /** Whoever shows the group is to ask how many react: so it is known that it stands open somewhere (`shown`). */
  missed(conversation: string): void;
  failed(error: unknown): void;
}

export class Pulls {
  readonly counting: Counting;
  private readonly parts: PullsParts;
  private watched: ReadonlySet<string> = new Set();
  /** What is followed, opened last at the end: after which number that was asked for; null once it was answered. */
  private readonly followed = new Map<string, number | null>();
  /** What is being led up. */
  private readonly busy = new Set<string>();
  /** What of the list was heard of in this session. */
  private heard = false;
  private session = 0;
  private next: ReturnType<typeof setTimeout> | undefined;
  private rewatch: ReturnType<typeof setTimeout> | undefined;
  private readonly rests = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(parts: PullsParts) {
    this.parts = parts;
    this.counting = new Counting(parts);
  }

  /** A session is on: it knows of nothing that was asked for in another. */
  welcome(): void {
    this.gone();
    this.watched = new Set();
    this.heard = false;
    this.watch();
    for (const id of this.followed.keys()) this.follow(id);
    this.again();
  }

  /** No session is on. */
  gone(): void {
    this.session += 1;
    clearTimeout(this.next);
    clearTimeout(this.rewatch);
    for (const rest of this.rests.values()) clearTimeout(rest);
    this.rests.clear();
  }

  /** Lead up what lags, and was not led up so far. */
  again(): void {
    for (const { kept } of this.parts.state.records.values())
      if (isPulled(kept) && lags(kept)) void this.leadUp(kept.id);
    if (this.parts.polls()) for (const id of this.followed.keys()) this.parts.missed(id);
  }

  /** Somebody has these open. */
  opened(conversations: readonly string[]): void {
    for (const id of conversations) {
      if (!this.isLarge(id)) continue;
      const asked = this.followed.get(id);
      this.followed.delete(id);
      this.followed.set(id, asked ?? null);
      if (asked === undefined) this.follow(id);
      const [oldest] = this.followed.keys();
      if (this.followed.size > FOLLOWED && oldest !== undefined) this.leave(oldest);
    }
  }

  /** These are not what they were. */
  changed(conversations: readonly string[]): void {
    for (const id of conversations) {
      const kept = this.parts.state.kept(id);
      if (this.watched.has(id) && kept !== undefined && kept.role !== null && !kept.large) this.counting.small(id);
    }
    const room = this.watched.size < WATCHED;
    if (conversations.some((id) => (this.watched.has(id) ? !this.isLarge(id) : room && this.isLarge(id)))) this.watch();
    for (const id of conversations) {
      const kept = this.parts.state.kept(id);
      if (this.followed.has(id) && !this.isLarge(id)) this.leave(id);
      if (isPulled(kept) && lags(kept)) void this.leadUp(id);
    }
  }

  /**
   * A window shows it. Where more stand open than are followed, what one of the others is said to hold is asked for:
   * nothing else would bring it.
   */
  private shown(id: string): void {
    if (this.followed.has(id) || !this.isLarge(id) || this.busy.size >= ASKED) return;
    void this.leadUp(id, "told");
  }

  /** As `LeaderLarge.counts`. */
  async counts(id: string, numbers: readonly number[], screen: boolean): Promise<void> {
    this.shown(id);
    if (numbers.length > 0) await this.counting.ask(id, numbers, screen);
  }

  take(frame: ServerFrame): void {
    switch (frame.type) {
      case "nudge":
        this.raise(frame);
        break;
      case "followed":
        this.goesOn(frame.conversation, frame.after);
        break;
      case "feed":
        this.parts.inflow.fed(frame.event);
        break;
      case "counts":
        if (this.followed.has(frame.conversation)) this.counting.told(frame);
        break;
      case "far":
        if (this.followed.has(frame.conversation)) this.anew(frame.conversation);
        break;
      case "unfollow":
        if (frame.code === "slow" || frame.code === "drain") this.followLater(frame.conversation);
        else this.followed.delete(frame.conversation);
        break;
      case "error":
        if (frame.frame === "follow" && frame.conversation) this.refused(frame.conversation, frame);
        if (frame.frame === "watch" && frame.retryable === true) this.watchLater(frame.retry_after ?? 0);
        break;
      default:
        break;
    }
  }

  /**
   * The inbox brought one that is not the next: what it tells at once is taken, and what lies before it is asked for by
   * whoever needs it. Gives whether the event is to be kept all the same; null: the group is to be loaded first.
   */
  aside(event: KeptEvent, changed: Set<string>): boolean | null {
    const { state, device } = this.parts;
    const held = state.kept(event.conversation);
    if (held === undefined) return false;
    const kept = asideOf(held, event, state.me);
    if (kept === null) return null;
    state.put(kept);
    changed.add(kept.id);
    // One's own line goes when its event is shown, which what is followed brings in a moment. Before a follow is answered
    // that is not known: too much may lie between.
    return !(event.device === device && this.followed.get(kept.id) === null);
  }

  // Watching

  private isLarge(id: string): boolean {
    const kept = this.parts.state.kept(id);
    return kept?.large === true && kept.role !== null;
  }

  private watch(): void {
    const all = [...this.parts.state.records.values()].map(({ kept }) => kept).filter(({ id }) => this.isLarge(id));
    const wanted = all.sort((a, b) => b.at - a.at).slice(0, WATCHED);
    this.watched = new Set(wanted.map((one) => one.id));
    this.parts.say({ type: "watch", conversations: [...this.watched] });
    if (this.watched.size > 0) void this.heads();
  }

  /** What was to be watched is not, or not all of it. */
  private watchLater(seconds: number): void {
    clearTimeout(this.rewatch);
    this.rewatch = setTimeout(
      () => {
        this.watch();
      },
      Math.max(REST, seconds * 1000),
    );
  }

  /** Ask where all that are watched are, and again after a while. */
  private async heads(): Promise<void> {
    const { session, parts } = this;
    clearTimeout(this.next);
    const first = !this.heard;
    let pause = HEADS * (1 + Math.random());
    try {
      const moved: string[] = [];
      const all = [...this.watched];
      for (let at = 0; at < all.length; at += NAMED) {
        const query = new URLSearchParams(all.slice(at, at + NAMED).map((id) => ["conversation", id]));
        const { heads } = await parts.http.ask<GroupHeads>("GET", `/v1/conversations/heads?${query.toString()}`);
        if (session !== this.session) return;
        for (const one of heads) if (this.raise(one)) moved.push(one.conversation);
      }
      this.heard = true;
      if (first) for (const id of moved.slice(0, LOOKED)) await this.look(id);
    } catch {
      pause = HEADS_AGAIN;
    }
    if (session !== this.session) return;
    clearTimeout(this.next);
    this.next = setTimeout(() => void this.heads(), pause);
  }

  /** A group is so far. Gives whether that is news. */
  private raise(told: NudgeFrame | GroupHead): boolean {
    const kept = this.parts.state.kept(told.conversation);
    if (kept?.role === null || kept === undefined) return false;
    const small = "large" in told && !told.large && kept.large === true;
    const next = raised(kept, { ...told, small }, Date.now() + this.parts.http.ahead);
    if (next === kept) return false;
    this.note(next);
    // Whether it stands open besides those that are followed is known to the tabs alone.
    if (this.followed.size >= FOLLOWED && !this.followed.has(kept.id))
      void this.parts.inflow.stored().then(() => {
        this.parts.missed(kept.id);
      });
    return true;
  }

  /** Have the list know what was said last in a group that moved unheard. */
  private async look(id: string): Promise<void> {
    const view = await conversationView(this.parts.http, id);
    const kept = this.parts.state.kept(id);
    if (kept !== undefined && kept.role !== null) this.note(noted(kept, view));
  }

  /** Keep what a group is told to be, in its turn. What came before it may know more by then. */
  private note(next: Kept): void {
    const { state, inflow } = this.parts;
    inflow.turn(({ changed }) => {
      const kept = state.kept(next.id);
      // Whoever is out by now has nothing there to hear of.
      if (kept === undefined || kept.role === null || next.told === undefined) return;
      const mentions = [...new Set([...kept.mentions, ...next.mentions])].filter((one) => one > kept.read);
      const ahead = kept.told !== undefined && kept.told.head > next.told.head ? kept.told : next.told;
      const told = next.told.small || kept.told?.small ? { ...ahead, small: true } : ahead;
      state.put({ ...kept, mentions: mentions.sort((a, b) => a - b), told });
      changed.add(next.id);
    });
  }

  // Following

  private follow(id: string): void {
    const kept = this.parts.state.kept(id);
    if (kept === undefined || !this.isLarge(id)) return;
    this.followed.set(id, kept.head);
    this.parts.say({ type: "follow", conversation: id, after: kept.head });
  }

  private leave(id: string): void {
    this.followed.delete(id);
    this.counting.forget(id);
    this.parts.say({ type: "unfollow", conversation: id });
  }

  private followLater(id: string): void {
    if (this.rests.has(id)) return;
    const rest = setTimeout(() => {
      this.rests.delete(id);
      // What was fed and waits is not fed again.
      void this.parts.inflow.stored().then(() => {
        if (this.followed.has(id)) this.follow(id);
      });
    }, REST);
    this.rests.set(id, rest);
  }

  /** The feed goes on after a number: what lies before it and is not held may not be read. */
  private goesOn(id: string, after: number): void {
    const asked = this.followed.get(id);
    if (asked === undefined) return;
    this.followed.set(id, null);
    const held = this.parts.state.kept(id)?.head ?? 0;
    if (asked !== null && after < asked) {
      // What is held above that is of another time.
      this.parts.inflow.turn(() => {
        this.parts.state.records.delete(id);
      });
      this.anew(id);
      return;
    }
    if (after > held) this.skip(id, after);
    this.parts.missed(id);
  }

  private skip(id: string, to: number): void {
    const { state, inflow } = this.parts;
    inflow.turn(({ changed }) => {
      const kept = state.kept(id);
      if (kept === undefined || kept.head >= to) return;
      state.put({ ...kept, head: to });
      changed.add(id);
    });
  }

  /** Too much lies between: what is held of it goes, and it begins with a page. */
  private anew(id: string): void {
    const { inflow } = this.parts;
    inflow.again(id);
    void inflow.stored().then(() => {
      if (this.followed.has(id)) this.follow(id);
    });
  }

  private refused(id: string, { code, retryable }: { code: string; retryable?: boolean }): void {
    if (retryable === true) {
      this.followLater(id);
      return;
    }
    this.followed.delete(id);
    const kept = this.parts.state.kept(id);
    if (code === "not_large" && kept !== undefined) {
      // It is small again, and the notice of that is on its way, or was passed over.
      void this.leadUp(id, "small");
    }
  }

  /**
   * Take the events between what is held and what was heard of. `small`: until the notice that it is small is taken;
   * `told`: though it is large, and nothing of it is copied.
   */
  private async leadUp(id: string, until: "copied" | "small" | "told" = "copied"): Promise<void> {
    if (this.busy.has(id)) return;
    this.busy.add(id);
    const { http, state, inflow } = this.parts;
    const { session } = this;
    try {
      for (let steps = 0; session === this.session; steps += 1) {
        const kept = state.kept(id);
        if (!isPulled(kept) || !(lags(kept) || isWanted(kept, until))) return;
        const page = await changesAfter(http, id, kept.head);
        if (session !== this.session) return;
        // The server that was asked may not have heard of it yet; the next nudge tells of it again.
        if (until === "told" && !page.far && page.events.length === 0) return;
        if (page.far || page.events.length === 0 || steps >= STEPS) {
          inflow.again(id);
          await inflow.stored();
          return;
        }
        for (const event of page.events) {
          const gap = page.gaps.find((one) => one.last === event.number - 1);
          if (gap !== undefined) this.skip(id, gap.last);
          inflow.fed(event);
        }
        await inflow.stored();
      }
    } catch {
      // Whoever is out hears of it by the inbox; all else is tried again in a while.
    } finally {
      this.busy.delete(id);
    }
  }
}

/** Whether it is to be led up although nothing that is copied is missing. */
function isWanted({ head, large, told }: Kept, until: "copied" | "small" | "told"): boolean {
  return until === "small" ? large === true : until === "told" && (told?.head ?? 0) > head;
}
