/** What the list and the window show of what is kept. Functions of values. */
import {
  directMembers,
  isMessage,
  type Kept,
  type KeptEvent,
  type Preferences,
  reached,
  unread,
  unreadOf,
} from "@chinwag/client";
import type { ConversationDetail, ConversationRow, Draft, Row, SendState, Unsent } from "../api.js";
import type { MarkRecord, OutboxRecord, UnreadRecord } from "../store/records.js";
import { asWished, isWish, type Wish, wishesOf } from "./wishes.js";

export interface Parts {
  kept: Kept | null;
  /** Of this conversation, in order. */
  lines: readonly OutboxRecord[];
  draft: Draft | null;
  mark: MarkRecord | null;
  /** From where on it is to be unread, if the person has said so. */
  from: UnreadRecord | null;
  typing: readonly string[];
  preferences: Preferences;
}

/** A line that waits, as screens see it. */
export function unsentOf(line: OutboxRecord): Unsent {
  const { frame } = line;
  const { text, mentions } = saidBy(frame);
  const reply_to = frame.type === "send" ? (frame.reply_to ?? 0) : 0;
  const placed = line.placed !== null;
  return {
    kind: "unsent",
    id: line.id,
    text,
    reply_to,
    mentions,
    at: line.at,
    refused: line.refused,
    placed,
    media: line.media ?? null,
  };
}

/** The words of a line: a text, or a caption. */
function saidBy(frame: OutboxRecord["frame"]): { text: string; mentions: string[] } {
  if (frame.type !== "send" || frame.body.type === "sealed") return { text: "", mentions: [] };
  const { body } = frame;
  return { text: body.type === "text" ? body.text : (body.caption ?? ""), mentions: body.mentions ?? [] };
}

/** The row and the page of a conversation: one value for both. `id`: also of one that has not begun. */
export function detailOf(id: string, parts: Parts, me: string, now = Date.now()): ConversationDetail {
  const { kept, lines, draft, mark, from, typing, preferences } = parts;
  const pair = directMembers(id);
  const line = lines.findLast((one) => !isWish(one));
  const read = Math.max(kept?.read ?? 0, mark?.number ?? 0);
  const muted = preferences.muted_until > now;
  const ahead = kept?.told !== undefined && kept.told.head > kept.head ? kept.told : kept;
  const newest = ahead?.last ?? null;
  const wished = newest === null ? null : asWished(newest, wishesOf(lines).get(newest.number) ?? [], me);
  const last = line === undefined ? (wished?.event ?? null) : unsentOf(line);
  return {
    id,
    kind: kept?.kind ?? (pair === null ? "group" : "direct"),
    role: kept === null ? (pair === null ? null : "member") : kept.role,
    title: kept?.title ?? "",
    other: pair?.find((one) => one !== me) ?? null,
    last,
    lastState: line === undefined && wished?.pending?.refused === null ? "sending" : stateOf(last, kept, me),
    at: Math.max(ahead?.at ?? 0, line?.at ?? 0),
    unread:
      kept === null
        ? 0
        : Math.max(unread(kept, mark), from === null ? 0 : unread({ ...kept, readOrdinal: from.ordinal })),
    mentions: kept === null ? 0 : unreadOf(kept.mentions, read).length,
    preferences,
    muted,
    archived: preferences.archived_at > 0 && (muted || (ahead?.shown ?? 0) <= preferences.archived_at),
    draft,
    typing,
    refused: lines.filter((one) => one.refused !== null).length,
    settings: kept?.settings ?? {},
    members: kept?.members ?? new Map(),
    wide: kept?.wide === true,
    large: kept?.large === true,
    memberCount: kept?.memberCount ?? (pair === null ? 0 : 2),
    first: kept?.first ?? 1,
    head: kept?.head ?? 0,
    shown: ahead?.shown ?? 0,
    pins: kept?.pins ?? [],
    avatar: kept?.avatar ?? "",
    read,
  };
}

function stateOf(last: KeptEvent | Unsent | null, kept: Kept | null, me: string): SendState | null {
  if (last === null) return null;
  if (last.kind === "unsent") return sendingOf(last as Unsent);
  const event = last as KeptEvent;
  return kept !== null && isMessage(event) && event.from === me ? reached(kept, event.number, me) : null;
}

export function sendingOf(line: Unsent): SendState {
  return line.refused !== null ? "refused" : line.placed ? "sent" : "sending";
}

/**
 * What one keeps at the top, then by activity, the latest first; of two at one moment the id decides, so that the order is
 * the same everywhere.
 */
export function byActivity(rows: Iterable<ConversationRow>): ConversationRow[] {
  const top = (row: ConversationRow): number => Number(row.preferences.pinned);
  return [...rows].sort((a, b) => top(b) - top(a) || b.at - a.at || (a.id < b.id ? 1 : -1));
}

/** A row keeps its key when one's own line gets its place: the page need not draw it anew. */
export function rowOfEvent(kept: KeptEvent, device: string, wishes: readonly Wish[] = [], me = ""): Row {
  const key = isMessage(kept) && kept.device === device ? `own ${kept.id}` : `number ${kept.number}`;
  const { event, pending } = asWished(kept, wishes, me);
  return { key, number: event.number, event, unsent: null, ...(pending === null ? {} : { pending }) };
}

export function rowOfLine(line: OutboxRecord): Row {
  return { key: `own ${line.id}`, number: null, event: null, unsent: unsentOf(line) };
}
