/**
 * What a message says now. Edits and deletions change the message that they name; of two forms of it the one with the
 * higher number of an edit or a deletion holds, in whatever order they come, and however often.
 */
import { type AnyEvent, isDeleted, isDeletion, isEdit, isMessage, isReaction, type KeptEvent } from "./events.js";
import type { DeletedEvent, EditedEvent, MessageEvent, ReactionEvent } from "./generated/chinwag.js";
import { afterReaction, type Tallied } from "./reactions.js";

/** What changes a message, and stands nowhere itself. */
export type ChangeEvent = EditedEvent | DeletedEvent | ReactionEvent;

export function isChange(event: AnyEvent): event is ChangeEvent {
  return isEdit(event) || isDeletion(event) || isReaction(event);
}

/** Whether an event stands in the conversation itself: so do all kinds that this version does not know. */
export function isShown(event: KeptEvent): boolean {
  return !isChange(event);
}

/** A message or notice as a device holds it. `asOf`: all reactions up to that event are counted in it. */
export interface Content {
  readonly event: KeptEvent;
  readonly asOf: number;
}

/** The number of the event that changed this one last; 0 for none. */
export function changedAt(event: KeptEvent): number {
  return isMessage(event) ? Math.max(event.edited?.number ?? 0, event.deleted?.number ?? 0) : 0;
}

/** Of two forms of one message that which holds: its words of the later change, its reactions of the later count. */
export function newer(held: Content, given: Content): Content {
  const said = changedAt(given.event) >= changedAt(held.event) ? given.event : held.event;
  const counted = given.asOf >= held.asOf ? given : held;
  const reactions = isDeleted(said) ? [] : reactionsOf(counted.event);
  return { event: withReactions(said, reactions), asOf: counted.asOf };
}

/** A message after a change of it; the same value if it was known already, or tells nothing. `me`: one's own account. */
export function afterContent(held: Content, change: ChangeEvent, me: string): Content {
  const { event, asOf } = held;
  if (!isMessage(event) || event.number !== change.target) return held;
  if (isReaction(change)) {
    if (change.number <= asOf) return held;
    const reactions = isDeleted(event) ? [] : afterReaction(reactionsOf(event), change, me);
    return { event: withReactions(event, reactions), asOf: change.number };
  }
  const said = afterWords(event, change);
  return said === event ? held : { event: said, asOf };
}

/** A message after an edit or its deletion; the same value if a later change is known. */
export function afterWords(message: MessageEvent, change: EditedEvent | DeletedEvent): MessageEvent {
  if (message.number !== change.target || changedAt(message) >= change.number) return message;
  const { number, sent_at: at } = change;
  if (isDeletion(change)) {
    const rest = withReactions(message, []) as MessageEvent;
    return {
      ...rest,
      body: { type: "deleted" },
      mentioned: [],
      edited: null,
      deleted: { number, by: change.from, at },
    };
  }
  // What it says now is told to those alone who ask for it, and may read it; or by the change that has taken its place,
  // and follows, but not to whom is out by then.
  const body = change.body ?? { type: "changed" as const };
  return { ...message, body, mentioned: change.mentioned ?? [], edited: { number, at } };
}

/** The reactions of a message, as a page brought them and events changed them. */
export function reactionsOf(event: KeptEvent): readonly Tallied[] {
  return (event as { reactions?: readonly Tallied[] }).reactions ?? [];
}

function withReactions(event: KeptEvent, reactions: readonly Tallied[]): KeptEvent {
  const held = reactionsOf(event);
  if (reactions === held || (reactions.length === 0 && held.length === 0)) return event;
  const next = { ...event } as unknown as { reactions?: readonly Tallied[] };
  if (reactions.length === 0) delete next.reactions;
  else next.reactions = reactions;
  return next as unknown as KeptEvent;
}
