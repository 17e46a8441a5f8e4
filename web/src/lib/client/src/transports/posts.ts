/** What a device without a socket says: requests, one at a time in each conversation, answered as a socket would. */
import type { AckFrame, ClientFrame, FollowFrame, Placed, UnfollowFrame } from "../generated/chinwag.js";
import type { Http, Method, Wish } from "../http.js";
import { ApiError, LoggedOut } from "../problem.js";
import type { Follows } from "./follows.js";
import type { Listener } from "./transport.js";

interface Post {
  method: Method;
  path: string;
  wish: Wish;
  /** The id that its answer carries, if it has one. */
  id: string | null;
  conversation: string;
}

/** POSTs that wait; more is what an outbox does not let happen. */
const WAITING = 64;

/** `failed` is called once, with why nothing more can be said. */
export class Posts {
  private readonly http: Http;
  private readonly listener: Pick<Listener, "frame" | "heard">;
  private readonly failed: (code: string) => void;
  private readonly ending = new AbortController();
  private readonly lanes = new Map<string, Post[]>();
  private following: Promise<Follows> | null = null;

  constructor(http: Http, listener: Pick<Listener, "frame" | "heard">, failed: (code: string) => void) {
    this.http = http;
    this.listener = listener;
    this.failed = failed;
  }

  get writable(): boolean {
    let waiting = 0;
    for (const lane of this.lanes.values()) waiting += lane.length;
    return waiting < WAITING;
  }

  say(frame: ClientFrame): void {
    if (frame.type === "follow" || frame.type === "unfollow") {
      void this.follows(frame);
      return;
    }
    const post = postOf(frame);
    if (post === null || this.ending.signal.aborted) return;
    const lane = this.lanes.get(post.conversation);
    if (lane !== undefined) lane.push(post);
    else {
      const begun = [post];
      this.lanes.set(post.conversation, begun);
      void this.work(post.conversation, begun);
    }
  }

  close(): void {
    this.ending.abort();
    this.lanes.clear();
  }

  /** What a socket follows is asked for again and again here, by what is fetched when there is something to follow. */
  private async follows(frame: FollowFrame | UnfollowFrame): Promise<void> {
    this.following ??= import("./follows.js").then(
      ({ Follows }) => new Follows(this.http, this.listener, this.ending.signal),
    );
    (await this.following).say(frame);
  }

  private async work(conversation: string, lane: Post[]): Promise<void> {
    for (let post = lane[0]; post !== undefined && !this.ending.signal.aborted; post = lane[0]) {
      await this.make(post);
      lane.shift();
    }
    if (this.lanes.get(conversation) === lane) this.lanes.delete(conversation);
  }

  private async make(post: Post): Promise<void> {
    const { id, conversation } = post;
    try {
      const wish: Wish = { ...post.wish, once: true, signal: this.ending.signal };
      const placed = await this.http.ask<Placed | null>(post.method, post.path, wish);
      if (this.ending.signal.aborted) return;
      this.listener.heard();
      if (id !== null && placed !== null) this.listener.frame({ type: "ack", id, ...placed } satisfies AckFrame);
    } catch (error) {
      if (this.ending.signal.aborted) return;
      if (error instanceof LoggedOut) this.failed(error.code);
      else if (!(error instanceof ApiError)) this.failed("disconnected");
      else if (id !== null) {
        const { code, message, retryable, retryAfter } = error;
        this.listener.frame({ type: "error", code, message, retryable, retry_after: retryAfter, id, conversation });
      }
    }
  }
}

/** Where a frame goes that a socket would have carried; null for one that only a socket takes. */
function postOf(frame: ClientFrame): Post | null {
  switch (frame.type) {
    case "send": {
      const conversation = frame.conversation ?? "";
      const { body, reply_to, after } = frame;
      const sent = { body, ...(reply_to ? { reply_to } : {}), ...(after ? { after } : {}) };
      return at(`${place(conversation)}/messages`, conversation, { body: sent, key: frame.id }, frame.id);
    }
    case "edit": {
      const { conversation, number, id, body, after } = frame;
      const wish = { body: { body, ...(after ? { after } : {}) }, key: id };
      return { ...at(`${place(conversation)}/messages/${number}`, conversation, wish, id), method: "PUT" };
    }
    case "delete": {
      const { conversation, number, id, after } = frame;
      const query = after ? `?${new URLSearchParams({ after }).toString()}` : "";
      const path = `${place(conversation)}/messages/${number}${query}`;
      return { ...at(path, conversation, { key: id }, id), method: "DELETE" };
    }
    case "change": {
      const wish = { body: { change: frame.change }, key: frame.id };
      return at(`${place(frame.conversation)}/changes`, frame.conversation, wish, frame.id);
    }
    case "read":
      return at(`${place(frame.conversation)}/read`, `read ${frame.conversation}`, { body: { number: frame.number } });
    case "watch": {
      const { conversations } = frame;
      return at("/v1/watch", "watch", { body: { conversations } });
    }
    case "typing":
      return at(`${place(frame.conversation)}/typing`, "typing", {});
    case "received":
      return at("/v1/received", "received", { body: { position: frame.position } });
    case "ping":
      return at("/v1/heartbeat", "ping", { timeout: 8_000 });
    default:
      return null;
  }
}

function place(conversation: string): string {
  return `/v1/conversations/${encodeURIComponent(conversation)}`;
}

function at(path: string, conversation: string, wish: Wish, id: string | null = null): Post {
  return { method: "POST", path, wish, id, conversation };
}
