/**
 * A device's connection: a session after the other, by the best way there is, for as long as the device is logged in.
 *
 * It begins with a socket, and goes one way down when a way fails before it has heard anything: a stream, then long
 * polls. From a lower way it looks from time to time whether the socket works again. Changing loses nothing: all ways
 * read the same inbox with the same cursor.
 */
import { Backoff } from "./backoff.js";
import { type Cursor, cursorText } from "./cursor.js";
import type { AnyEvent } from "./events.js";
import type { AckFrame, ClientFrame, ErrorFrame, ServerFrame, Signal, WelcomeFrame } from "./generated/chinwag.js";
import { type Http, pause, type Tokens } from "./http.js";
import { ApiError, LoggedOut } from "./problem.js";
import { openPoll } from "./transports/poll.js";
import { openSocket } from "./transports/socket.js";
import { openStream } from "./transports/stream.js";
import type { End, Open, Transport, TransportName } from "./transports/transport.js";

/** Nothing heard for so long after a ping: the connection is dead, whatever the network says. */
export const SILENCE = 8_000;
/** Until a way must have shown a sign of life. */
const OPENING = 10_000;
/** A session that lasted so long was a good one: the next delays are short again. */
const STABLE = 5_000;
/** How long a lower way is kept before the socket is looked for again; doubled each time, to half an hour. */
const LOWER = 15_000;
const LOWER_MOST = 30 * 60_000;

const WAYS: readonly { name: TransportName; open: Open }[] = [
  { name: "socket", open: openSocket },
  { name: "stream", open: openStream },
  { name: "poll", open: openPoll },
];
const RENEW: ReadonlySet<string> = new Set(["token_expired", "unauthenticated"]);
const OUT: ReadonlySet<string> = new Set(["revoked", "account_disabled", "refresh_reused"]);

/** How it stands, by what was heard. */
export interface Standing {
  state: "connecting" | "online" | "offline";
  transport: TransportName | null;
  /** Milliseconds since 1970, by this machine's clock. */
  nextTry: number | null;
  /** Why the last session or try ended. */
  code: string | null;
}

/** Whose connection it is. Calls come in the order in which things were said. */
export interface Owner {
  /** Where to go on: everything up to there is safe on this device. null: at the inbox's head. */
  cursor(): Promise<Cursor | null>;
  /** A session is on. Events after `at` follow. */
  welcome(at: Cursor, welcome: WelcomeFrame): void;
  event(at: Cursor, event: AnyEvent): void;
  /** Load afresh: events after `at` follow. */
  reset(cause: "old" | "epoch", at: Cursor): void;
  ack(frame: AckFrame): void;
  refused(frame: ErrorFrame): void;
  signal(signal: Signal): void;
  /** No session is on: what was in flight has no answer. */
  gone(): void;
  standing(standing: Standing): void;
  /** Over: the device is logged out, by this code. */
  out(code: string): void;
}

export class Connection {
  private readonly http: Http;
  private readonly tokens: Tokens;
  private readonly owner: Owner;
  private readonly client: string;
  private readonly backoff = new Backoff();
  private readonly ending = new AbortController();
  private waiting = new AbortController();
  private transport: Transport | null = null;
  private session: Session | null = null;
  private way = 0;
  private lower = LOWER;

  constructor(http: Http, tokens: Tokens, owner: Owner, client: string) {
    this.http = http;
    this.tokens = tokens;
    this.owner = owner;
    this.client = client;
  }

  /** Hold sessions until `close`, or until the device is logged out. */
  async run(): Promise<void> {
    this.tell("connecting", null);
    while (!this.closed()) {
      let end: End;
      try {
        end = await this.once();
      } catch (error) {
        if (error instanceof LoggedOut) {
          this.owner.out(error.code);
          return;
        }
        end =
          error instanceof ApiError
            ? { code: error.code, after: error.retryAfter ?? 0 }
            : { code: "unreachable", after: 0 };
      }
      if (this.closed()) return;
      if (OUT.has(end.code)) {
        this.owner.out(end.code);
        return;
      }
      await this.rest(end);
    }
  }

  /** Whether a session is on. */
  get online(): boolean {
    return this.session?.welcome ?? false;
  }

  /** Whether something can be said now. */
  get writable(): boolean {
    return this.session !== null && this.session.welcome && (this.transport?.writable ?? false);
  }

  /** Say something, if a session is on. */
  say(frame: ClientFrame): void {
    if (this.session?.welcome) this.transport?.say(frame);
  }

  /** Something hints that the network is back, or was lost: try at once, or ask for a sign of life. */
  nudge(): void {
    this.backoff.reset();
    this.waiting.abort();
    this.session?.ping();
  }

  /** Take the session's end for now and come back with the cursor: what comes is more than can be kept up with. */
  again(code: string): void {
    this.transport?.close(code);
  }

  close(): void {
    this.ending.abort();
    this.waiting.abort();
    this.transport?.close("closed");
  }

  private closed(): boolean {
    return this.ending.signal.aborted;
  }

  private async once(): Promise<End> {
    const token = await this.tokens.access();
    const cursor = await this.owner.cursor();
    if (this.closed()) return { code: "closed", after: 0 };
    const way = WAYS[this.way] ?? { name: "socket", open: openSocket };
    const start = { http: this.http, token, cursor: cursor === null ? null : cursorText(cursor), client: this.client };
    const begun = performance.now();
    const end = await new Promise<End>((resolve) => {
      const session = new Session(
        this.owner,
        cursor,
        () => this.transport,
        resolve,
        () => {
          this.tell("online", null, way.name);
          if (this.way > 0) session.endAfter(this.lower, "higher");
        },
      );
      this.session = session;
      this.transport = way.open(start, session);
      session.begin();
    });
    const session = this.session;
    this.session = this.transport = null;
    this.owner.gone();
    this.choose(session, end);
    if (session?.welcome && performance.now() - begun >= STABLE) this.backoff.reset();
    if (RENEW.has(end.code)) await this.tokens.renew(token);
    return end;
  }

  /** Which way to go next. */
  private choose(session: Session | null, end: End): void {
    if (end.code === "higher") {
      this.lower = Math.min(LOWER_MOST, this.lower * 2);
      this.way = 0;
    } else if (session?.alive) {
      if (this.way === 0) this.lower = LOWER;
    } else if (end.code === "unreachable" || this.way === WAYS.length - 1) {
      // Not this way is closed: there is nobody at all.
      this.way = 0;
    } else if (end.after === 0 && !RENEW.has(end.code)) this.way += 1;
  }

  private async rest(end: End): Promise<void> {
    // From a lower way up to the socket there is nothing to wait for.
    const changes = end.code === "higher";
    const delay = changes ? 0 : this.backoff.next(end.after * 1000);
    this.tell(changes ? "connecting" : "offline", end.code, null, delay);
    this.waiting = new AbortController();
    await pause(delay, this.waiting.signal);
    if (!this.closed()) this.tell("connecting", end.code);
  }

  private tell(state: Standing["state"], code: string | null, transport: TransportName | null = null, delay = 0): void {
    const nextTry = state === "offline" ? Math.round(Date.now() + delay) : null;
    this.owner.standing({ state, transport, nextTry, code });
  }
}

/** One session: it keeps the order of events dense, and itself alive. */
class Session {
  /** The server has said welcome; anything has been heard at all. */
  welcome = false;
  alive = false;
  private readonly owner: Owner;
  private readonly transport: () => Transport | null;
  private readonly done: (end: End) => void;
  private readonly online: () => void;
  private at: Cursor | null;
  private timers: ReturnType<typeof setTimeout>[] = [];
  private silence: ReturnType<typeof setTimeout> | null = null;
  private over = false;

  constructor(
    owner: Owner,
    at: Cursor | null,
    transport: () => Transport | null,
    done: (end: End) => void,
    online: () => void,
  ) {
    this.owner = owner;
    this.at = at;
    this.transport = transport;
    this.done = done;
    this.online = online;
  }

  begin(): void {
    this.expect(OPENING);
  }

  endAfter(milliseconds: number, code: string): void {
    this.timers.push(setTimeout(() => this.transport()?.close(code), milliseconds));
  }

  /** Ask for a sign of life. */
  ping(): void {
    if (!this.welcome || this.silence !== null) return;
    this.transport()?.say({ type: "ping" });
    this.expect(SILENCE);
  }

  heard(): void {
    this.alive = true;
    if (!this.welcome) return;
    if (this.silence !== null) clearTimeout(this.silence);
    this.silence = null;
  }

  ended(end: End): void {
    if (this.over) return;
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    if (this.silence !== null) clearTimeout(this.silence);
    this.done(end);
  }

  frame(frame: ServerFrame): void {
    if (this.over) return;
    this.heard();
    switch (frame.type) {
      case "welcome":
        this.begun(frame);
        break;
      case "event":
        this.event(frame.position, frame.event);
        break;
      case "reset":
        this.at = { epoch: frame.epoch, position: frame.position };
        this.owner.reset(frame.cause, this.at);
        break;
      case "ack":
        this.owner.ack(frame);
        break;
      case "error":
        if (frame.id !== undefined && frame.id !== null) this.owner.refused(frame);
        break;
      case "signal":
        this.owner.signal(frame.signal);
        break;
      default:
        break;
    }
  }

  private begun(frame: WelcomeFrame): void {
    if (this.welcome) return;
    this.welcome = true;
    this.heard();
    this.at ??= { epoch: frame.epoch, position: frame.position };
    this.owner.welcome(this.at, frame);
    this.online();
    const beat = (): void => {
      this.ping();
    };
    this.timers.push(setInterval(beat, Math.max(1, frame.heartbeat) * 1000));
  }

  private event(position: number, event: AnyEvent): void {
    if (this.at === null || position > this.at.position + 1) {
      // Something is missing: the inbox knows what follows our cursor.
      this.transport()?.close("gap");
      return;
    }
    if (position <= this.at.position) return;
    this.at = { epoch: this.at.epoch, position };
    this.owner.event(this.at, event);
  }

  /** Something must be heard within so many milliseconds. */
  private expect(milliseconds: number): void {
    this.silence = setTimeout(() => this.transport()?.close("silence"), milliseconds);
  }
}
