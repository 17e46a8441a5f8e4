/** Events as a client keeps them: typed where this version knows them, as they came where it does not. */
import type {
  DeletedEvent,
  EditedEvent,
  Event,
  MessageEvent,
  NoticeEvent,
  NumberedEvent,
  ReactionEvent,
} from "./generated/chinwag.js";

/**
 * A numbered event of a kind that this version does not know. What every numbered event has is there all the same, so
 * that counts and order stay right; the rest is kept for a version that knows it.
 */
export interface UnknownEvent {
  kind: string;
  conversation: string;
  number: number;
  ordinal: number;
  from: string;
  device: string;
  id: string;
  sent_at: number;
}

/** What stands in a conversation at a number. */
export type KeptEvent = NumberedEvent | UnknownEvent;

/** Whatever an inbox may bring. */
export type AnyEvent = Event | UnknownEvent;

export function isMessage(event: AnyEvent): event is MessageEvent {
  return event.kind === "message";
}

export function isNotice(event: AnyEvent): event is NoticeEvent {
  return event.kind === "notice";
}

export function isEdit(event: AnyEvent): event is EditedEvent {
  return event.kind === "edited";
}

export function isDeletion(event: AnyEvent): event is DeletedEvent {
  return event.kind === "deleted";
}

export function isReaction(event: AnyEvent): event is ReactionEvent {
  return event.kind === "reaction";
}

/** A message of which nothing but its place is left. */
export function isDeleted(event: KeptEvent): boolean {
  return isMessage(event) && event.body.type === "deleted";
}

/** A message of which this device does not know what it says now. */
export function isWithheld(event: KeptEvent): boolean {
  return isMessage(event) && event.body.type === "changed";
}

/** Whether an event has a place in a conversation. A newer server may send kinds of which nothing else is known. */
export function isNumbered(event: AnyEvent): event is KeptEvent {
  const given = event as Partial<UnknownEvent>;
  return (
    typeof given.conversation === "string" &&
    given.conversation !== "" &&
    Number.isSafeInteger(given.ordinal) &&
    Number.isSafeInteger(given.number) &&
    (given.number as number) >= 1 &&
    event.kind !== "read" &&
    event.kind !== "delivered"
  );
}

/** The text of a message, or null if its body is of a kind that this version does not show. */
export function textOf(event: KeptEvent): string | null {
  return isMessage(event) && event.body.type === "text" ? event.body.text : null;
}

const DIRECT = "d~";

/** The id of the direct conversation of two accounts, the same whoever asks. */
export function directId(one: string, other: string): string {
  return one < other ? `${DIRECT}${one}~${other}` : `${DIRECT}${other}~${one}`;
}

/** The two accounts that a direct conversation's id names; null for anything else. */
export function directMembers(conversation: string): [string, string] | null {
  if (!conversation.startsWith(DIRECT)) return null;
  const [low, high, ...rest] = conversation.slice(DIRECT.length).split("~");
  return low && high && rest.length === 0 && low < high ? [low, high] : null;
}
