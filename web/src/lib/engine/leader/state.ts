/** What the leading engine keeps in mind of the database: all but events, texts and what waits. */
import {
  type AnyEvent,
  afterChange,
  afterEvent,
  afterLook,
  afterView,
  isNumbered,
  type Kept,
  type KeptEvent,
  NOTHING,
  type Own,
  type View,
} from "@chinwag/client";
import type { ConversationRecord } from "../store/records.js";

export class State {
  readonly me: string;
  readonly records = new Map<string, ConversationRecord>();
  own: Own = NOTHING;

  constructor(me: string) {
    this.me = me;
  }

  kept(conversation: string): Kept | undefined {
    return this.records.get(conversation)?.kept;
  }

  /** What came out of the database, or went into it. What is kept here of a conversation is never behind that. */
  take(records: Iterable<ConversationRecord>): void {
    for (const record of records) {
      const kept = this.kept(record.id);
      this.records.set(record.id, kept === undefined ? record : { ...record, kept });
    }
  }

  /** A conversation was loaded. Returns its record. */
  view(view: View): ConversationRecord {
    const record = withKept(this.records.get(view.id), afterView(this.kept(view.id), view));
    this.records.set(view.id, record);
    return record;
  }

  /** A message or notice is known as it is now. Returns the conversation's record if its preview was another. */
  look(event: KeptEvent): ConversationRecord | null {
    const record = this.records.get(event.conversation);
    if (record === undefined) return null;
    const kept = afterLook(record.kept, event);
    if (kept === record.kept) return null;
    const next = withKept(record, kept);
    this.records.set(record.id, next);
    return next;
  }

  /**
   * Take an event. Returns the conversation that must be loaded before it can count, or null; the conversation that it
   * changed is added to `changed`.
   */
  event(event: AnyEvent, changed: Set<string>): string | null {
    if (event.kind === "account") {
      if ("change" in event) this.own = afterChange(this.own, event.change, this.me);
      return null;
    }
    const conversation = (event as { conversation?: unknown }).conversation;
    if (typeof conversation !== "string") return null;
    const applied = afterEvent(this.kept(conversation), event, this.me);
    if (applied === null) {
      // Known already, but perhaps not cached.
      if (isNumbered(event) && this.records.has(conversation)) changed.add(conversation);
      return null;
    }
    if ("load" in applied) return applied.load;
    this.records.set(conversation, withKept(this.records.get(conversation), applied.kept));
    changed.add(conversation);
    return null;
  }

  /** It is kept so from now on. */
  put(kept: Kept): void {
    this.records.set(kept.id, withKept(this.records.get(kept.id), kept));
  }

  clear(): void {
    this.records.clear();
    this.own = NOTHING;
  }
}

function withKept(record: ConversationRecord | undefined, kept: Kept): ConversationRecord {
  return record === undefined ? { id: kept.id, kept, ranges: [], count: 0, bytes: 0, opened: 0 } : { ...record, kept };
}
