/** What a device without a socket follows: asked for again and again, and told as a socket would. */
import { Backoff } from "../backoff.js";
import { changesAfter } from "../changes.js";
import { isNotice } from "../events.js";
import type { FollowFrame, NumberedEvent, UnfollowFrame, UnfollowedFrame } from "../generated/chinwag.js";
import { type Http, pause } from "../http.js";
import { ApiError, LoggedOut } from "../problem.js";
import type { Listener } from "./transport.js";

/** Seconds that the server waits for the next event. */
const WAIT = 25;
/** What the server says of somebody who is in the group no longer. */
const GONE: ReadonlySet<string> = new Set(["not_member", "no_conversation"]);

export class Follows {
  private readonly http: Http;
  private readonly listener: Pick<Listener, "frame" | "heard">;
  private readonly over: AbortSignal;
  private readonly on = new Map<string, AbortController>();

  constructor(http: Http, listener: Pick<Listener, "frame" | "heard">, over: AbortSignal) {
    this.http = http;
    this.listener = listener;
    this.over = over;
    over.addEventListener("abort", () => {
      for (const one of this.on.values()) one.abort();
    });
  }

  say(frame: FollowFrame | UnfollowFrame): void {
    const { conversation } = frame;
    this.on.get(conversation)?.abort();
    this.on.delete(conversation);
    if (frame.type === "unfollow" || this.over.aborted) return;
    const ending = new AbortController();
    this.on.set(conversation, ending);
    void this.follow(conversation, frame.after, ending.signal).finally(() => {
      if (this.on.get(conversation) === ending) this.on.delete(conversation);
    });
  }

  private async follow(conversation: string, from: number, over: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    const gone = (): boolean => over.aborted;
    let after = from;
    let begun = false;
    while (!gone()) {
      try {
        const page = await changesAfter(this.http, conversation, after, begun ? WAIT : 0, over);
        if (gone()) return;
        this.listener.heard();
        backoff.reset();
        if (page.far) {
          this.listener.frame({ type: "far", conversation, head: page.head });
          return;
        }
        if (!begun) after = Math.min(after, page.head);
        if (!begun) this.listener.frame({ type: "followed", conversation, after });
        begun = true;
        for (const event of page.events) {
          const closed = page.gaps.find((gap) => gap.last === event.number - 1);
          if (closed !== undefined) this.listener.frame({ type: "followed", conversation, after: closed.last });
          this.listener.frame({ type: "feed", conversation, event });
          after = event.number;
          if (isSmall(event)) {
            this.end(conversation, after, "small");
            return;
          }
        }
      } catch (error) {
        if (gone() || error instanceof LoggedOut) return;
        if (error instanceof ApiError && GONE.has(error.code)) {
          this.end(conversation, after, "not_member");
          return;
        }
        if (error instanceof ApiError && !error.retryable) {
          const { code, message } = error;
          this.listener.frame({ type: "error", code, message, conversation, frame: "follow" });
          return;
        }
        await pause(backoff.next(1000 * (error instanceof ApiError ? (error.retryAfter ?? 0) : 0)), over);
      }
    }
  }

  private end(conversation: string, number: number, code: UnfollowedFrame["code"]): void {
    this.listener.frame({ type: "unfollow", conversation, number, code });
  }
}

/** From this one on the inbox brings them again. */
function isSmall(event: NumberedEvent): boolean {
  return isNotice(event) && event.change.type === "delivery" && !event.change.large;
}
