/** Unread messages that speak to one: kept by events alone, whether or not a device holds the messages. */
import type { Kept } from "./conversation.js";
import { type AnyEvent, isDeletion, isEdit, isMessage, type KeptEvent } from "./events.js";

/** How a message names all members at once. */
export const ALL = "*";
/** Kept of each conversation: the newest. More of them nobody counts. */
const KEPT = 1_000;

/** Whether a message, as it was sent or edited, speaks to an account. */
export function speaksTo(event: AnyEvent, account: string): boolean {
  if (!isMessage(event) && !isEdit(event)) return false;
  return (event.mentioned ?? []).some((one) => one === account || one === ALL);
}

/** Those above a read mark. */
export function unreadOf(mentions: readonly number[], read: number): readonly number[] {
  return mentions.some((one) => one <= read) ? mentions.filter((one) => one > read) : mentions;
}

/** `held` after an event that is new to it. What one wrote oneself is read already. */
export function afterSpoken(held: Kept, event: KeptEvent, me: string): Kept {
  if (!isMessage(event) && !isEdit(event) && !isDeletion(event)) return held;
  const number = isMessage(event) ? event.number : event.target;
  const known = held.mentions.includes(number);
  if (number > held.read && speaksTo(event, me)) {
    if (known) return held;
    const mentions = [...held.mentions, number].sort((a, b) => a - b).slice(-KEPT);
    return { ...held, mentions };
  }
  return known ? { ...held, mentions: held.mentions.filter((one) => one !== number) } : held;
}
