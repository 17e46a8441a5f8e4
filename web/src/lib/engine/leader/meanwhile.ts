/**
 * Changes of messages that come while a page of history is on its way: the page may be older than they are, and what
 * they change may not be cached before it is.
 */
import type { ChangeEvent } from "@chinwag/client";

export class Meanwhile {
  private readonly asked = new Set<{ conversation: string; changes: ChangeEvent[] }>();

  /** A page was asked for: all that comes from now on is kept for it, until `done`. */
  since(conversation: string): { readonly changes: readonly ChangeEvent[]; done(): void } {
    const one = { conversation, changes: [] as ChangeEvent[] };
    this.asked.add(one);
    return {
      changes: one.changes,
      done: () => {
        this.asked.delete(one);
      },
    };
  }

  /** A change came. It is told before it is kept. */
  came(change: ChangeEvent): void {
    for (const one of this.asked) if (one.conversation === change.conversation) one.changes.push(change);
  }
}
