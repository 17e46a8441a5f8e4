/** How far somebody has read: what lies in view for a while, in a window that has the focus. */
import type { Anchor } from "./anchor.js";

/** Milliseconds after which what lies in view counts as read. What a jump passes over does not. */
const SEEN = 300;

export class Seen {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Something changed during the look that lasts. */
  #again = false;
  readonly #anchor: Anchor;
  readonly #tell: (number: number) => void;

  /** tell: called with the highest number that was seen. */
  constructor(anchor: Anchor, tell: (number: number) => void) {
    this.#anchor = anchor;
    this.#tell = tell;
    window.addEventListener("focus", this.look);
    document.addEventListener("visibilitychange", this.look);
  }

  stop(): void {
    clearTimeout(this.#timer);
    window.removeEventListener("focus", this.look);
    document.removeEventListener("visibilitychange", this.look);
  }

  /**
   * Something has changed in what lies in view: what does so now, and still does a little later, is read. While one look
   * lasts another only follows it: where messages come faster than that, what stays in view is read all the same.
   */
  readonly look = (): void => {
    if (this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    if (!document.hasFocus() || document.visibilityState !== "visible") return;
    const before = new Set(this.#anchor.inView().map((row) => row.dataset["key"]));
    if (before.size === 0) return;
    this.#again = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!document.hasFocus()) return;
      let most = 0;
      for (const row of this.#anchor.inView()) {
        if (before.has(row.dataset["key"])) most = Math.max(most, Number(row.dataset["number"] ?? 0));
      }
      if (most > 0) this.#tell(most);
      if (this.#again) this.look();
    }, SEEN);
  };
}
