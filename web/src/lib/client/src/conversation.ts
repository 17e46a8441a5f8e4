/** A conversation as a device keeps it. */
import type { KeptEvent } from "./events.js";
import type { GroupSettings, Role } from "./generated/chinwag.js";
import type { Member } from "./member.js";

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
}
