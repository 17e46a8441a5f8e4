/** Tells the leader which conversation this window shows with focus: at each change, and again while it stays so. */
import { WATCHED_AGAIN } from "../messages.js";
import type { Browser } from "./browser.js";

export class Look {
  /** The conversation that is open here. */
  private opened: string | null = null;
  private again: ReturnType<typeof setInterval> | null = null;
  private readonly browser: Browser;
  private readonly say: (conversation: string | null) => void;

  constructor(browser: Browser, say: (conversation: string | null) => void) {
    this.browser = browser;
    this.say = say;
    for (const what of ["focus", "blur", "visibility"] as const) {
      browser.on(what, () => {
        this.tell();
      });
    }
    browser.on("pagehide", () => {
      this.tell(false);
    });
  }

  at(conversation: string | null): void {
    this.opened = conversation;
    this.tell();
  }

  /** The conversation that the person looks at here, at this moment. */
  get shown(): string | null {
    return this.browser.looked() ? this.opened : null;
  }

  /** One that has just begun to lead knows nothing of windows. */
  leads(): void {
    if (this.opened !== null) this.tell();
  }

  private tell(looked = this.browser.looked()): void {
    const shown = looked ? this.opened : null;
    this.say(shown);
    if (this.again !== null) clearInterval(this.again);
    this.again = null;
    if (shown === null) return;
    this.again = setInterval(() => {
      // The window may have lost the focus without a word.
      if (this.browser.looked()) this.say(this.opened);
      else this.tell(false);
    }, WATCHED_AGAIN);
  }
}
