/** Which windows show which conversation with focus. A window repeats that; one that is gone, or hangs, is forgotten. */
import { WATCHED_AGAIN } from "../messages.js";

/** Windows that are kept in mind. */
const WINDOWS = 64;
/** A window that has not said it again for so long shows nothing to anybody. */
const FORGOTTEN = 2.5 * WATCHED_AGAIN;

export class Windows {
  private readonly said = new Map<string, { conversation: string; at: number }>();

  /** `conversation`: null says that it has no focus, or shows none. `now`: of a clock that only rises. */
  says(window: string, conversation: string | null, now: number): void {
    this.said.delete(window);
    if (conversation !== null) this.said.set(window, { conversation, at: now });
    if (this.said.size > WINDOWS) this.said.delete([...this.said.keys()][0] ?? "");
  }

  /** The conversations that somebody looks at, in other windows than `without`. */
  focused(now: number, without = ""): Set<string> {
    for (const [window, { at }] of this.said) if (now - at > FORGOTTEN) this.said.delete(window);
    const others = [...this.said].filter(([window]) => window !== without);
    return new Set(others.map(([, one]) => one.conversation));
  }
}
