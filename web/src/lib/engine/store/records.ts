/** What lies in the database of an account, and how. */
import type { Cursor, Kept, KeptEvent, Outgoing, Own, Ranges, User } from "@chinwag/client";
import type { DBSchema } from "idb";
import type { Draft, PreviewSize, UnsentMedia } from "../api.js";

/** The form of what is cached. A higher one drops what was cached in another, and loads it afresh. */
export const FORM = 5;

export interface ConversationRecord {
  id: string;
  kept: Kept;
  /** Which numbers are known: their events are in `events`, as far as there are any. */
  ranges: Ranges;
  /** Events in `events`, and about how many bytes they take. */
  count: number;
  bytes: number;
  /** When it was last opened, in milliseconds since 1970. */
  opened: number;
}

export interface EventRecord {
  conversation: string;
  number: number;
  bytes: number;
  event: KeptEvent;
  /** All reactions to it up to that event are counted in it. */
  asOf: number;
}

/** Something that was written and is not known to be in its place yet. `order` rises in the order of writing. */
export interface OutboxRecord {
  order: number;
  id: string;
  conversation: string;
  /** The device under whose name it goes out: its id is unique there. */
  device: string;
  frame: Outgoing;
  at: number;
  /** The conversation's head when it was written: if it was placed, then above. */
  since: number;
  /** Refused for good, with this code; null: on its way. */
  refused: string | null;
  /** Acknowledged at this number, and its event is still to come; null: not yet. */
  placed: number | null;
  /** What it carries besides words. */
  media?: CarriedMedia;
}

/** A picture, a video, a sound or a file on its way, as far as it is known here. */
export interface CarriedMedia extends UnsentMedia {
  /** The upload's id on the server, once it is begun. Of what is not forwarded the bytes are in `files`. */
  upload: string | null;
}

/** The bytes of what a line carries, until it has its place. */
export interface FileRecord {
  id: string;
  file: Blob;
  /** A still of a video, for a server that makes none. */
  poster?: Blob;
}

/** A preview of what a message carries. */
export interface PreviewRecord {
  conversation: string;
  number: number;
  size: PreviewSize;
  blob: Blob;
  /** When it was fetched, in milliseconds since 1970. */
  at: number;
}

/** How far one has read, until the server says so. */
export interface MarkRecord {
  conversation: string;
  number: number;
  ordinal: number;
}

/** From where on the person wants a conversation to count as unread, on this device. */
export interface UnreadRecord {
  conversation: string;
  number: number;
  /** Messages before it. */
  ordinal: number;
}

export interface DraftRecord extends Draft {
  conversation: string;
}

/** Single values, by name. */
export interface StateRecords {
  /** Rises with each leader; whoever finds a higher one than its own has been replaced. */
  leadership: number;
  /** All up to there is in this database. */
  cursor: Cursor;
  own: Own;
  /** When what is here was up to date, in milliseconds since 1970. */
  asOf: number;
}

export interface AccountSchema extends DBSchema {
  state: { key: keyof StateRecords; value: StateRecords[keyof StateRecords] };
  conversations: { key: string; value: ConversationRecord };
  events: { key: [string, number]; value: EventRecord };
  people: { key: string; value: User };
  marks: { key: string; value: MarkRecord };
  outbox: { key: number; value: OutboxRecord; indexes: { id: [string, string] } };
  drafts: { key: string; value: DraftRecord };
  unread: { key: string; value: UnreadRecord };
  files: { key: string; value: FileRecord };
  previews: { key: [string, number, string]; value: PreviewRecord; indexes: { at: number } };
}

export type StoreName =
  "state" | "conversations" | "events" | "people" | "marks" | "outbox" | "drafts" | "unread" | "files" | "previews";

/** What is the person's own and nowhere else: no change of form and no fault drops it. */
export const PERSONAL: readonly StoreName[] = ["outbox", "files", "drafts", "marks", "unread"];
/** What the server has too. */
export const CACHED: readonly StoreName[] = ["conversations", "events", "people", "previews"];
