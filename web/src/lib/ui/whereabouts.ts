/** Where somebody was in each conversation when leaving it: coming back in the same visit leads there again. */

export interface Whereabouts {
  /** The number of the row that was read, and how far below the top of the view it began, in pixels. */
  readonly number: number;
  readonly top: number;
}

const left = new Map<string, Whereabouts>();

/** null: at the newest message, where one comes back to anyway. */
export function leave(conversation: string, at: Whereabouts | null): void {
  if (at === null) left.delete(conversation);
  else left.set(conversation, at);
}

export function whereabouts(conversation: string): Whereabouts | null {
  return left.get(conversation) ?? null;
}
