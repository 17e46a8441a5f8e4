/**
 * Edits and deletions that one has asked for and that have no place yet, over the messages that they change. What is kept
 * stays as the server has it. Functions of values.
 */
import {
  afterWords,
  type Body,
  type DeleteFrame,
  type EditFrame,
  isDeleted,
  isMessage,
  type KeptEvent,
  type MessageEvent,
} from "@chinwag/client";
import type { Pending } from "../api.js";
import type { OutboxRecord } from "../store/records.js";

/** A line that changes a message. */
export type Wish = OutboxRecord & { frame: Omit<EditFrame, "after"> | Omit<DeleteFrame, "after"> };

export function isWish(line: OutboxRecord): line is Wish {
  return line.frame.type === "edit" || line.frame.type === "delete";
}

/** Those among `lines`, in order, by the number of the message that they change. */
export function wishesOf(lines: readonly OutboxRecord[]): ReadonlyMap<number, readonly Wish[]> {
  const found = new Map<number, Wish[]>();
  for (const line of lines) {
    if (!isWish(line)) continue;
    const before = found.get(line.frame.number);
    if (before === undefined) found.set(line.frame.number, [line]);
    else before.push(line);
  }
  return found;
}

/** A message as one wants it, and what it waits for; as it is kept, if all that was asked for is refused. */
export function asWished(
  event: KeptEvent,
  wishes: readonly Wish[],
  me: string,
): { event: KeptEvent; pending: Pending | null } {
  const last = wishes.at(-1);
  if (last === undefined || !isMessage(event) || isDeleted(event)) return { event, pending: null };
  const waiting = wishes.filter((one) => one.refused === null);
  const wished = waiting.reduce((message, { frame, at }) => {
    // Above all that the server has numbered: it holds until the server says otherwise.
    const place = {
      ...message,
      number: Number.MAX_SAFE_INTEGER,
      from: me,
      sent_at: at,
      shown: 0,
      target: event.number,
    };
    const { mentioned = [] } = event;
    if (frame.type === "delete") return afterWords(asBefore(message), { ...place, kind: "deleted" });
    return afterWords(asBefore(message), {
      ...place,
      kind: "edited",
      body: edited(message.body, frame.body),
      mentioned,
    });
  }, event);
  return { event: wished, pending: pendingOf(waiting.at(-1) ?? last) };
}

/** What a message says after an edit: of what carries something the words beside it alone. */
function edited(before: MessageEvent["body"], wish: Body): MessageEvent["body"] {
  if (before.type !== "media" || wish.type !== "media") return wish;
  const carried = Object.entries(before).filter(([name]) => name !== "caption" && name !== "mentions");
  return { ...(Object.fromEntries(carried) as typeof before), ...wordsOf(wish) };
}

function wordsOf(body: Body): { caption?: string; mentions?: string[] } {
  if (body.type !== "media") return {};
  const { caption, mentions } = body as typeof body & { mentions?: string[] };
  return { ...(caption ? { caption } : {}), ...(mentions === undefined ? {} : { mentions }) };
}

/** Nothing is known to have changed it: so each wish follows the one before it. */
function asBefore<T extends { edited?: unknown }>(message: T): T {
  return { ...message, edited: null };
}

function pendingOf({ id, frame, refused }: Wish): Pending {
  const body = frame.type === "edit" ? frame.body : null;
  const text = body?.type === "text" ? body.text : body?.type === "media" ? (body.caption ?? "") : "";
  return { kind: frame.type, id, text, refused };
}
