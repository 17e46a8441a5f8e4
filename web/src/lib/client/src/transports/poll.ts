/** Long polls, where whatever lies between buffers answers as a whole; and POSTs beside them. */
import { cursorOf } from "../cursor.js";
import type { ClientFrame, SyncPage } from "../generated/chinwag.js";
import { pause } from "../http.js";
import { ApiError } from "../problem.js";
import { Posts } from "./posts.js";
import { endBy } from "./stream.js";
import type { End, Listener, Open, Start, Transport } from "./transport.js";
import { welcomeAt } from "./welcome.js";

/** Seconds that a poll waits: as long as one may. */
const WAIT = 25;
/** Milliseconds until an answer must be there: the wait, and some for the way. */
const PATIENCE = (WAIT + 10) * 1000;
/** The longest wait, in seconds, that is still one between two polls, and not the end of a session. */
const MOST = 5;

export const openPoll: Open = (start, listener) => new Poll(start, listener);

class Poll implements Transport {
  private readonly listener: Listener;
  private readonly posts: Posts;
  private readonly ending = new AbortController();
  private end: End | null = null;

  constructor(start: Start, listener: Listener) {
    this.listener = listener;
    this.posts = new Posts(start.http, listener, (code) => {
      this.finish({ code, after: 0 });
    });
    void this.listen(start);
  }

  get writable(): boolean {
    return this.posts.writable;
  }

  say(frame: ClientFrame): void {
    // Asking with a cursor says what was received.
    if (frame.type !== "received") this.posts.say(frame);
  }

  close(code: string): void {
    this.finish({ code, after: 0 });
  }

  private async listen(start: Start): Promise<void> {
    let cursor = start.cursor;
    let welcome = false;
    try {
      while (this.end === null) {
        // The first asks only whether there is a way in.
        const query = new URLSearchParams({ wait: String(welcome ? WAIT : 0), follow: "true" });
        if (cursor !== null) query.set("after", cursor);
        const page = await this.poll(start, query);
        this.take(page, welcome);
        welcome = true;
        cursor = page.cursor;
        // Asking with a cursor says that everything up to there is safe here.
        await start.stored();
      }
    } catch (error) {
      this.finish(endBy(error));
    }
  }

  /** Ask, no sooner than the server lets one: who asks too often is told when to, and misses nothing. */
  private async poll(start: Start, query: URLSearchParams): Promise<SyncPage> {
    const wish = { once: true, signal: this.ending.signal, timeout: PATIENCE };
    for (;;) {
      try {
        return await start.http.ask<SyncPage>("GET", `/v1/sync?${query.toString()}`, wish);
      } catch (error) {
        const after = error instanceof ApiError && error.code === "rate_limited" ? (error.retryAfter ?? 1) : Infinity;
        if (after > MOST || this.ending.signal.aborted) throw error;
        this.listener.heard();
        await pause(after * 1000, this.ending.signal);
      }
    }
  }

  private take(page: SyncPage, welcome: boolean): void {
    if (this.ending.signal.aborted) return;
    this.listener.heard();
    // `welcome` tells where events begin, a page's cursor where they end.
    if (!welcome) this.listener.frame(welcomeAt(page.cursor, page.events.length));
    if (page.reset !== null) this.listener.frame({ type: "reset", cause: page.reset, ...cursorOf(page.cursor) });
    for (const event of page.events) this.listener.frame({ ...event, type: "event" });
    for (const nudge of page.nudges) this.listener.frame({ ...nudge, type: "nudge" });
  }

  private finish(end: End): void {
    if (this.end !== null) return;
    this.end = end;
    this.ending.abort();
    this.posts.close();
    this.listener.ended(end);
  }
}
