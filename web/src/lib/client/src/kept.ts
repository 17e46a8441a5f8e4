/**
 * The state of a conversation as a device keeps it: loaded afresh, then moved on by events, as functions of values.
 *
 * An event that comes twice changes nothing, so events may overlap with what was loaded; and what is kept through
 * events equals what is loaded afresh (docs/guarantees.md, P11).
 */
import type { Kept } from "./conversation.js";
import { afterWords, changedAt } from "./content.js";
import {
  type AnyEvent,
  directMembers,
  isDeletion,
  isEdit,
  isMessage,
  isNotice,
  isNumbered,
  type KeptEvent,
} from "./events.js";
import type { ConversationView, DeliveredEvent, ReadEvent } from "./generated/chinwag.js";
import { type Member, newMember } from "./member.js";
import { afterNotice, isQuiet } from "./membership.js";
import { afterSpoken, unreadOf } from "./mentions.js";

/** A view as the server gives it; a list may give some of the members alone, and their number beside. */
export type View = Omit<
  ConversationView,
  "last" | "history_from" | "mentions" | "pins" | "events" | "member_count" | "avatar" | "wide" | "large"
> & {
  /** The version of its picture; empty, or missing: there is none. */
  avatar?: string;
  last: KeptEvent | null;
  mentions: readonly number[];
  pins: readonly number[];
  member_count?: number;
  /** Whether its members are kept in rows, and its events are asked for; missing: they are not. */
  wide?: boolean;
  large?: boolean;
  /** Its newest events, rising, where they were asked for. */
  events?: KeptEvent[];
};

/** What an event makes of a conversation: its new state, or that it must be loaded before the event can count. */
export type Applied = { kept: Kept } | { load: string } | null;

/** The state that a view tells, joined with what is kept already, which may be ahead of it. */
export function afterView(held: Kept | undefined, view: View): Kept {
  // The events that came meanwhile know more than the answer that they overtook.
  if (held !== undefined && held.head > view.head) return held;
  const memberCount = view.member_count ?? view.members.length;
  // A wide group lists none but those who rule it, which may be all that are left.
  const whole = view.role === null || (!view.wide && view.members.length >= memberCount);
  const members = new Map(
    view.members.map((one): [string, Member] => [
      one.account,
      view.wide ? one : furthest(held?.members.get(one.account), one),
    ]),
  );
  const kept: Kept = {
    id: view.id,
    kind: view.kind,
    role: view.role,
    title: view.title,
    settings: view.settings,
    members,
    whole,
    memberCount,
    first: view.first,
    head: view.head,
    ordinal: view.ordinal,
    shown: view.shown,
    at: view.at,
    read: view.read,
    readOrdinal: view.ordinal - view.unread,
    last: view.last,
    mentions: view.mentions,
    pins: view.pins,
    ...(view.avatar ? { avatar: view.avatar } : {}),
    ...(view.wide ? { wide: true } : {}),
    ...(view.large ? { large: true } : {}),
    ...(held?.told && view.role !== null ? { told: held.told } : {}),
  };
  if (held === undefined) return kept;
  const known = held.whole && !whole && held.head === view.head ? { members: held.members, whole: true } : {};
  return ownRead({ ...kept, ...known }, held.read, held.readOrdinal);
}

/** Take an event. Returns null if it changes nothing. `me`: one's own account. */
export function afterEvent(held: Kept | undefined, event: AnyEvent, me: string): Applied {
  if (event.kind === "read" || event.kind === "delivered") {
    return held === undefined ? null : changed(held, afterMark(held, event as ReadEvent | DeliveredEvent, me));
  }
  if (!isNumbered(event)) return null;
  if (held === undefined || (held.role === null && event.number > held.head)) {
    const begun = begin(event);
    return begun === null ? { load: event.conversation } : { kept: advanced(begun, event, me) };
  }
  if (event.number > held.head + 1) return { load: event.conversation };
  return event.number > held.head ? { kept: advanced(held, event, me) } : null;
}

function changed(before: Kept, after: Kept): Applied {
  return before === after ? null : { kept: after };
}

/** The state before the conversation's first event; null if `event` is not that, or not enough to begin with. */
function begin(event: KeptEvent): Kept | null {
  if (event.number !== 1) return null;
  const pair = directMembers(event.conversation);
  const group = isNotice(event) && event.change.type === "created";
  if (pair === null && !group) return null;
  return {
    id: event.conversation,
    kind: pair === null ? "group" : "direct",
    role: pair === null ? null : "member",
    title: "",
    settings: {},
    members: new Map((pair ?? []).map((account) => [account, newMember(account, "member", 0)])),
    whole: true,
    memberCount: pair === null ? 0 : 2,
    first: 1,
    head: 0,
    ordinal: 0,
    shown: 0,
    at: 0,
    read: 0,
    readOrdinal: 0,
    last: null,
    mentions: [],
    pins: [],
  };
}

function advanced(held: Kept, event: KeptEvent, me: string): Kept {
  const moved: Kept = { ...held, head: event.number, ordinal: event.ordinal, ...preview(held, event) };
  if (isNotice(event)) {
    const next = afterNotice(moved, event, me);
    // It may be the one with which the group became wide, which is shown.
    return isQuiet(held, event, me) ? { ...next, shown: held.shown, at: held.at, last: held.last } : next;
  }
  const unpinned = isDeletion(event) ? { ...moved, pins: moved.pins.filter((one) => one !== event.target) } : moved;
  // Somebody who writes has read up to there.
  const read = event.kind === "message" ? readBy(moved, event.from, event.number, event.ordinal, 0, me) : unpinned;
  return afterSpoken(read, event, me);
}

/** What the list shows of it. What changes a message moves nothing there, but the words of the last one. */
function preview(held: Kept, event: KeptEvent): Partial<Kept> {
  if (isMessage(event) || isNotice(event)) return { shown: event.number, at: event.sent_at, last: event };
  const { last } = held;
  if (last === null || !isMessage(last) || !(isEdit(event) || isDeletion(event))) return {};
  return { last: afterWords(last, event) };
}

/** A message is known as it is now: so is the preview, if it is that one. */
export function afterLook(held: Kept, event: KeptEvent): Kept {
  const { last } = held;
  if (last === null || last.number !== event.number || changedAt(event) < changedAt(last)) return held;
  return { ...held, last: event };
}

function afterMark(held: Kept, mark: ReadEvent | DeliveredEvent, me: string): Kept {
  if (mark.kind === "read") return readBy(held, mark.account, mark.number, mark.ordinal, mark.at, me);
  const member = held.members.get(mark.account);
  if (held.wide || member === undefined || mark.number <= member.delivered) return held;
  return withMember(held, { ...member, delivered: mark.number, delivered_at: mark.at });
}

function readBy(held: Kept, account: string, number: number, ordinal: number, at: number, me: string): Kept {
  const member = held.members.get(account);
  let next = held;
  if (!held.wide && member !== undefined && number > member.read) {
    next = withMember(held, { ...member, read: number, read_at: at, delivered: Math.max(member.delivered, number) });
  }
  return account === me ? ownRead(next, number, ordinal) : next;
}

function ownRead(kept: Kept, number: number, ordinal: number): Kept {
  if (number < kept.read || (number === kept.read && ordinal <= kept.readOrdinal)) return kept;
  return { ...kept, read: number, readOrdinal: ordinal, mentions: unreadOf(kept.mentions, number) };
}

function withMember(held: Kept, member: Member): Kept {
  return { ...held, members: new Map(held.members).set(member.account, member) };
}

/** Marks only move forward, whichever of two tellings came last. */
function furthest(held: Member | undefined, told: Member): Member {
  if (held === undefined) return told;
  const read = held.read > told.read ? held : told;
  const delivered = held.delivered > told.delivered ? held : told;
  return {
    account: told.account,
    role: told.role,
    read: read.read,
    read_at: read.read_at,
    delivered: delivered.delivered,
    delivered_at: delivered.delivered_at,
  };
}

/** Messages that one has not read. `mark`: how far one has read that the server has not confirmed yet. */
export function unread(kept: Kept, mark: { ordinal: number } | null = null): number {
  return Math.max(0, Math.max(kept.ordinal, kept.told?.ordinal ?? 0) - Math.max(kept.readOrdinal, mark?.ordinal ?? 0));
}

/** Whether what the inbox brings of it may have holes before it, which are asked for apart. */
export function isPulled(kept: Kept | undefined): kept is Kept {
  return kept !== undefined && kept.role !== null && (kept.large === true || (kept.told?.head ?? 0) > kept.head);
}

/** Whether an event is one's own message: read, delivered and sent are told of these alone. */
export function isOwn(event: KeptEvent, me: string): boolean {
  return isMessage(event) && event.from === me;
}
