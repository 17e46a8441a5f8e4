/** Large groups, for the engine that leads: what pulls them is fetched once there is one. */
import { isPulled, type KeptEvent, type ServerFrame } from "@chinwag/client";
import type { Pulls, PullsParts } from "./pulls.js";

/** Conversations of which it is remembered that somebody opened them. */
const OPENED = 8;

export class LeaderLarge {
  private readonly parts: PullsParts;
  /** What was opened last, at the end. */
  private opens: string[] = [];
  private pulls: Promise<Pulls> | null = null;
  private over = false;

  constructor(parts: PullsParts) {
    this.parts = parts;
  }

  /** A session is on, or over; or a minute has passed. */
  tell(what: "welcome" | "gone" | "again"): void {
    const { state } = this.parts;
    // Once it is fetched it is welcome.
    if (this.pulls !== null) {
      this.through((pulls) => {
        pulls[what]();
      });
    } else if ([...state.records.values()].some((one) => isPulled(one.kept))) {
      this.through(() => undefined);
    }
  }

  /** Somebody has it open. */
  opened(conversation: string): void {
    this.opens = [...this.opens.filter((one) => one !== conversation), conversation].slice(-OPENED);
    if (isPulled(this.parts.state.kept(conversation)))
      this.through((pulls) => {
        pulls.opened([conversation]);
      });
  }

  /** These are not what they were. */
  changed(conversations: readonly string[]): void {
    if (this.pulls === null && !conversations.some((id) => isPulled(this.parts.state.kept(id)))) return;
    const opened = this.opens.filter((id) => conversations.includes(id));
    this.through((pulls) => {
      pulls.changed(conversations);
      pulls.opened(opened);
    });
  }

  frame(frame: ServerFrame): void {
    if (this.pulls !== null)
      this.through((pulls) => {
        pulls.take(frame);
      });
  }

  /** As `InflowNews.aside`. Fails if that cannot be fetched: the app is kept whole, so a newer one is here. */
  async aside(event: KeptEvent, changed: Set<string>): Promise<boolean | null> {
    return (await this.there()).aside(event, changed);
  }

  /**
   * A window that is shown asks how many react to messages, perhaps to none; `screen`: they are the last of those that
   * are on the screen.
   */
  async counts(conversation: string, numbers: readonly number[], screen: boolean): Promise<void> {
    await (await this.there()).counts(conversation, numbers, screen);
  }

  close(): void {
    this.over = true;
    void this.pulls?.then((pulls) => {
      pulls.gone();
    });
  }

  private through(work: (pulls: Pulls) => void): void {
    this.there().then(
      (pulls) => {
        if (!this.over) work(pulls);
      },
      (error: unknown) => {
        this.parts.failed(error);
      },
    );
  }

  private there(): Promise<Pulls> {
    this.pulls ??= import("./pulls.js").then(({ Pulls: Made }) => {
      const made = new Made(this.parts);
      if (this.parts.online()) made.welcome();
      return made;
    });
    return this.pulls.catch((error: unknown) => {
      this.pulls = null;
      throw error;
    });
  }
}
