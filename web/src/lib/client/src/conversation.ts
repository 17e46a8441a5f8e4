/** A conversation as a device keeps it. */
import type { KeptEvent } from "./events.js";
import type { GroupSettings, Role } from "./generated/chinwag.js";
import type { Member } from "./member.js";

/** Where a group is by what its server said, or by an event that came alone. `last`: the message or notice at `shown`. */
export interface Told {
  readonly head: number;
  readonly ordinal: number;
  readonly shown: number;
  readonly at: number;
  readonly last: KeptEvent | null;
  /** A notice above what is held says that the inbox brings its events again. */
  readonly small?: boolean;
}

export interface Kept {
  readonly id: string;
  readonly kind: "direct" | "group";
  /** One's own; null: one is out. Then all stays as it was at leaving, without members. */
  readonly role: Role | null;
  readonly title: string;
  readonly settings: GroupSettings;
  /** Present members: all of them, if `whole`. */
  readonly members: ReadonlyMap<string, Member>;
  readonly whole: boolean;
  readonly memberCount: number;
  /** The first and the last number that one may read. */
  readonly first: number;
  readonly head: number;
  /** Messages up to `head`. */
  readonly ordinal: number;
  /** The last message or notice, and when it was sent. */
  readonly shown: number;
  readonly at: number;
  /** One's own read mark, and the messages up to it. */
  readonly read: number;
  readonly readOrdinal: number;
  /** That one as it is now; null: one may not read it. */
  readonly last: KeptEvent | null;
  /** Unread messages that speak to one, rising. To one who is out they stay as they were at leaving. */
  readonly mentions: readonly number[];
  /** Pinned messages that one may read, the one pinned last at the end; one who is out has none. */
  readonly pins: readonly number[];
  /** The version of a group's picture; empty or missing: it has none, or one is out. */
  readonly avatar?: string;
  /** It is a group of so many that `members` holds its owner and admins alone, without marks. */
  readonly wide?: boolean;
  /** Its events are asked for or followed, up to `head` so far: the inbox brings only what concerns oneself. */
  readonly large?: boolean;
  /** What was heard of a large group besides, and its events up to there are not held yet. */
  readonly told?: Told | undefined;
}
