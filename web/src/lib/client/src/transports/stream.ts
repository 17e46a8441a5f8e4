/** Server-sent events, read by `fetch` (an EventSource cannot show a token), and POSTs beside them. */
import type { ClientFrame } from "../generated/chinwag.js";
import { ApiError, LoggedOut, Unreachable } from "../problem.js";
import { Posts } from "./posts.js";
import { serverSent } from "./server-sent.js";
import { endOf, parsed } from "./socket.js";
import type { End, Listener, Open, Start, Transport } from "./transport.js";
import { welcomeAt } from "./welcome.js";

/** A server says a comment every 10 s at least. */
const SILENT = 20_000;

export const openStream: Open = (start, listener) => new Stream(start, listener);

class Stream implements Transport {
  private readonly listener: Listener;
  private readonly posts: Posts;
  private readonly ending = new AbortController();
  private end: End | null = null;
  private silence: ReturnType<typeof setTimeout> | null = null;

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
    this.posts.say(frame);
  }

  close(code: string): void {
    this.finish({ code, after: 0 });
  }

  private async listen(start: Start): Promise<void> {
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (start.cursor !== null) headers["last-event-id"] = start.cursor;
      const answer = await start.http.answer("GET", "/v1/events?follow=true", { headers, signal: this.ending.signal });
      if (answer.body === null) throw new Unreachable("a stream without a body");
      let welcome = false;
      this.watch();
      const heard = (): void => {
        this.listener.heard();
        this.watch();
      };
      for await (const said of serverSent(answer.body, heard)) {
        if (this.end !== null) return;
        if (!welcome && said.id !== null) {
          welcome = true;
          this.listener.frame(welcomeAt(said.id));
        }
        const frame = said.data === "" ? null : parsed(said.data);
        if (frame?.type === "bye") this.finish(endOf(frame));
        else if (frame !== null) this.listener.frame(frame);
      }
      this.finish({ code: "disconnected", after: 0 });
    } catch (error) {
      this.finish(endBy(error));
    }
  }

  /** The stream itself must say something: that POSTs are answered does not tell that it still flows. */
  private watch(): void {
    if (this.silence !== null) clearTimeout(this.silence);
    if (this.end !== null) return;
    this.silence = setTimeout(() => {
      this.finish({ code: "silence", after: 0 });
    }, SILENT);
  }

  private finish(end: End): void {
    if (this.end !== null) return;
    this.end = end;
    if (this.silence !== null) clearTimeout(this.silence);
    this.ending.abort();
    this.posts.close();
    this.listener.ended(end);
  }
}

/** What a failed request means for a session. */
export function endBy(error: unknown): End {
  if (error instanceof ApiError) return { code: error.code, after: error.retryAfter ?? 0 };
  if (error instanceof LoggedOut) return { code: error.code, after: 0 };
  return { code: error instanceof Unreachable ? "unreachable" : "disconnected", after: 0 };
}
