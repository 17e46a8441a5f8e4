/** What is known of a large group besides what is held of it without a hole. Functions of values. */
import { afterWords, isChange } from "./content.js";
import type { Kept, Told } from "./conversation.js";
import { isDeletion, isEdit, isMessage, isNotice, type KeptEvent } from "./events.js";
import { afterEvent, type View } from "./kept.js";

/** Where a group is, as a server says it. `all`: its newest message that speaks to all; 0: none is known. */
interface Heard {
  head: number;
  ordinal: number;
  shown: number;
  all: number;
  small: boolean;
}

/** Whether what lies between is to be asked for, open or not: the inbox brings its events again, or soon will. */
export function lags(kept: Kept): boolean {
  const { told } = kept;
  return told !== undefined && told.head > kept.head && (kept.large !== true || told.small === true);
}

/** What was told so far, or what is held. */
function toldOf(kept: Kept): Told {
  const { head, ordinal, shown, at, last, told } = kept;
  return told !== undefined && told.head > head ? told : { head, ordinal, shown, at, last };
}

/** `kept` after its server said where it is; the same value if nothing of it is news. `now`: the server's clock. */
export function raised(kept: Kept, { head, ordinal, shown, all, small }: Heard, now: number): Kept {
  const told = toldOf(kept);
  const calls = all > Math.max(kept.read, kept.head) && !kept.mentions.includes(all);
  if (head <= told.head && !calls && !small) return kept;
  const moved = shown > told.shown;
  const next: Told = {
    head: Math.max(head, told.head),
    ordinal: Math.max(ordinal, told.ordinal),
    shown: Math.max(shown, told.shown),
    at: moved ? now : told.at,
    last: moved ? null : told.last,
    ...(small || told.small ? { small: true } : {}),
  };
  const mentions = calls ? [...kept.mentions, all].sort((a, b) => a - b) : kept.mentions;
  return { ...kept, mentions, told: next };
}

/** `kept` with what a view of it says of its newest message. What is held stays as it is. */
export function noted(kept: Kept, { head, ordinal, shown, at, last, mentions }: View): Kept {
  if (head <= kept.head) return kept;
  return { ...kept, mentions: [...kept.mentions, ...mentions], told: { head, ordinal, shown, at, last } };
}

/**
 * `kept` after an event before which others are missing: what it tells at once. null: one is out by it, and nothing will
 * lead up to it: what the group was by then is loaded.
 */
export function asideOf(kept: Kept, event: KeptEvent, me: string): Kept | null {
  const applied = afterEvent({ ...kept, head: event.number - 1 }, event, me);
  if (applied === null || "load" in applied) return kept;
  const after = applied.kept;
  if (after.role === null) return null;
  const told = toldOf(kept);
  const standing = isMessage(event) || isNotice(event);
  const newest = standing && event.number > told.shown;
  const words = !isEdit(event) && !isDeletion(event) ? told.last : reworded(told.last, event);
  const small = isNotice(event) && event.change.type === "delivery" && !event.change.large;
  const next: Told = {
    head: Math.max(event.number, told.head),
    ordinal: Math.max(event.ordinal, told.ordinal),
    shown: newest ? event.number : told.shown,
    at: newest ? event.sent_at : told.at,
    last: newest ? event : words,
    ...(small || told.small ? { small: true } : {}),
  };
  const { role, members, mentions, read, readOrdinal } = after;
  const preview = isChange(event) ? { last: after.last } : {};
  return { ...kept, role, members, mentions, read, readOrdinal, ...preview, told: next };
}

function reworded(last: KeptEvent | null, change: KeptEvent): KeptEvent | null {
  if (last === null || !isMessage(last) || !(isEdit(change) || isDeletion(change))) return last;
  return afterWords(last, change);
}
