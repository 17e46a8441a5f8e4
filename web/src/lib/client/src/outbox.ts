/**
 * Sends, edits, deletions and changes that are not answered yet, in order, and what to write next. It does no I/O and
 * knows no clock.
 *
 * Each conversation is a lane. In a lane several may be in flight, each naming in `after` the one before it, so that the
 * server places them in this order or not at all (docs/guarantees.md, P4). A change (of members, title, …) goes alone:
 * after everything before it is answered, and nothing follows until it is.
 */
import { Backoff } from "./backoff.js";
import type { ChangeFrame, DeleteFrame, EditFrame, SendFrame } from "./generated/chinwag.js";

/** Written and not answered, in all lanes. Fewer than a server lets a device send at once. */
export const IN_FLIGHT = 16;
/** After so many answers `internal` to one send in a row it counts as refused, so that it blocks no lane for ever. */
const MISTAKES = 10;

/** What is written to the server. */
export type Written = SendFrame | EditFrame | DeleteFrame | ChangeFrame;

/** What one asks for: what goes before it is found when it is written. */
export type Outgoing = Omit<SendFrame, "after"> | Omit<EditFrame, "after"> | Omit<DeleteFrame, "after"> | ChangeFrame;

/** What waits. `order` rises in the order in which people wrote. */
export interface Waiting {
  readonly order: number;
  readonly conversation: string;
  readonly frame: Outgoing;
  /** Missing: it may go. */
  readonly readiness?: Readiness;
}

/**
 * uploading: what it names is still on its way, and whatever stands behind it waits for it. paused: the person holds it
 * back, and what stands behind it goes before it.
 */
export type Readiness = "ready" | "uploading" | "paused";

export interface Refusal {
  readonly code: string;
  readonly retryable: boolean;
  /** Seconds. */
  readonly retryAfter: number | null;
}

interface Entry extends Waiting {
  frame: Outgoing;
  readiness: Readiness;
  flying: boolean;
  /** What it named as before it when it was written last. */
  after: string | null;
  /** The one before it must have its answer first: it was refused as out of turn. */
  held: string | null;
  mistakes: number;
  readonly backoff: Backoff;
}

interface Lane {
  readonly entries: Entry[];
  notBefore: number;
}

/** All lanes of a device. Times are milliseconds of any one clock that only moves forward. */
export class Outbox {
  private readonly lanes = new Map<string, Lane>();
  private readonly random: () => number;
  private flying = 0;
  private notBefore = 0;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const lane of this.lanes.values()) size += lane.entries.length;
    return size;
  }

  has(conversation: string, id: string): boolean {
    return this.entry(conversation, id) !== undefined;
  }

  /** Take one. One that is here already (by conversation and id) changes nothing. */
  add(waiting: Waiting): void {
    if (this.has(waiting.conversation, waiting.frame.id)) return;
    const lane = this.lanes.get(waiting.conversation) ?? { entries: [], notBefore: 0 };
    this.lanes.set(waiting.conversation, lane);
    const backoff = new Backoff(undefined, undefined, this.random);
    const { readiness = "ready" } = waiting;
    const entry: Entry = { ...waiting, readiness, flying: false, after: null, held: null, mistakes: 0, backoff };
    // Rows of several tabs may be told of in another order than that in which they were written.
    const place = lane.entries.findIndex((one) => one.order > waiting.order);
    if (place === -1) lane.entries.push(entry);
    else lane.entries.splice(place, 0, entry);
  }

  /** It may go now, or must wait again. `frame`: as it goes. One that is in flight is not held back. */
  prepare(conversation: string, id: string, readiness: Readiness, frame?: Outgoing): void {
    const entry = this.entry(conversation, id);
    if (entry === undefined || entry.flying) return;
    entry.readiness = readiness;
    if (frame !== undefined) entry.frame = frame;
  }

  /** Whether it is on its way, and can't be held back or taken back. */
  isFlying(conversation: string, id: string): boolean {
    return this.entry(conversation, id)?.flying ?? false;
  }

  /** The frames to write now, in order. Each counts as in flight from here on. `most`: no more than these. */
  due(now: number, most = Infinity): Written[] {
    const frames: Written[] = [];
    if (now < this.notBefore) return frames;
    for (const lane of this.lanes.values()) {
      if (now < lane.notBefore) continue;
      let before: Entry | null = null;
      for (const entry of lane.entries) {
        if (entry.readiness === "paused") continue;
        if (entry.readiness === "uploading") break;
        const alone = isChange(entry) || (before !== null && isChange(before));
        if (alone && before !== null) break;
        if (!entry.flying) {
          if (this.flying >= IN_FLIGHT || frames.length >= most) return frames;
          if (entry.held !== null && before?.frame.id === entry.held && before.flying) break;
          // The one before it is written again just now: this one may follow in its wake.
          for (const later of lane.entries) if (later.held === entry.frame.id) later.held = null;
          entry.held = null;
          entry.flying = true;
          entry.after = before?.frame.id ?? null;
          this.flying += 1;
          frames.push(following(entry));
        }
        before = entry;
      }
    }
    return frames;
  }

  /** When something that rests may go on, after `now`; null if nothing rests. */
  nextDue(now: number): number | null {
    let next = this.notBefore > now && this.lanes.size > 0 ? this.notBefore : Infinity;
    for (const lane of this.lanes.values()) if (lane.notBefore > now) next = Math.min(next, lane.notBefore);
    return next === Infinity ? null : next;
  }

  /** The connection went: nothing is in flight, and everything unanswered goes again with the same ids. */
  disconnected(): void {
    this.flying = 0;
    this.notBefore = 0;
    for (const lane of this.lanes.values()) {
      lane.notBefore = 0;
      for (const entry of lane.entries) {
        entry.flying = false;
        entry.held = null;
      }
    }
  }

  /** The server placed it. A second answer changes nothing. Returns whether it waited here. */
  placed(conversation: string, id: string): boolean {
    const entry = this.entry(conversation, id);
    if (entry === undefined) return false;
    this.remove(entry);
    return true;
  }

  /** Somebody took it back before it was placed, or it was refused and dropped. */
  drop(conversation: string, id: string): void {
    const entry = this.entry(conversation, id);
    if (entry !== undefined) this.remove(entry);
  }

  /**
   * The server refused it. Returns it if that is for good, and then it waits no longer; null if it goes again by
   * itself. `conversation` null: the server did not say, and the id must do.
   *
   * What followed it named it in `after` and so is refused as out of turn; that goes again behind whatever stands
   * before it then.
   */
  refused(conversation: string | null, id: string, refusal: Refusal, now: number): Waiting | null {
    const entry = conversation === null ? this.anywhere(id) : this.entry(conversation, id);
    if (!entry?.flying) return null;
    this.land(entry);
    entry.mistakes = refusal.code === "internal" ? entry.mistakes + 1 : 0;
    if (!refusal.retryable || entry.mistakes >= MISTAKES) {
      this.remove(entry);
      return entry;
    }
    if (refusal.code === "out_of_turn" && entry.after !== null) {
      entry.held = entry.after;
      return null;
    }
    const until = now + entry.backoff.next((refusal.retryAfter ?? 0) * 1000);
    const lane = this.lanes.get(entry.conversation);
    // A budget is the device's: in another lane it is used up as well.
    if (refusal.code === "rate_limited") this.notBefore = Math.max(this.notBefore, until);
    else if (lane !== undefined) lane.notBefore = Math.max(lane.notBefore, until);
    return null;
  }

  private entry(conversation: string, id: string): Entry | undefined {
    return this.lanes.get(conversation)?.entries.find((one) => one.frame.id === id);
  }

  private anywhere(id: string): Entry | undefined {
    for (const lane of this.lanes.values()) {
      const entry = lane.entries.find((one) => one.frame.id === id && one.flying);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  private land(entry: Entry): void {
    if (!entry.flying) return;
    entry.flying = false;
    this.flying -= 1;
  }

  private remove(entry: Entry): void {
    this.land(entry);
    const lane = this.lanes.get(entry.conversation);
    if (lane === undefined) return;
    lane.entries.splice(lane.entries.indexOf(entry), 1);
    if (lane.entries.length === 0) this.lanes.delete(entry.conversation);
  }
}

function isChange(entry: Entry): boolean {
  return entry.frame.type === "change";
}

function following(entry: Entry): Written {
  if (entry.frame.type === "change") return entry.frame;
  return entry.after === null ? entry.frame : { ...entry.frame, after: entry.after };
}
