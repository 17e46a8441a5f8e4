/**
 * A device's connection: a session after the other, by the best way there is, for as long as the device is logged in.
 *
 * It begins with the way that worked last, at first with a socket, and goes down when a way fails: a stream, then long
 * polls. While a lower way carries it, it looks from time to time whether a higher one works again, and changes over
 * once that one is welcomed: until then, and if it never is, the lower one goes on. Changing loses nothing: all ways read
 * the same inbox with the same cursor.
 */
import { Backoff } from "./backoff.js";
import { type Cursor, cursorText } from "./cursor.js";
import type { ClientFrame } from "./generated/chinwag.js";
import { type Http, pause, type Tokens } from "./http.js";
import { Ladder, type Way, WAYS } from "./ladder.js";
import { ApiError, LoggedOut } from "./problem.js";
import { type Hearer, Session } from "./session.js";
import type { End, Start, TransportName } from "./transports/transport.js";

/** A session that lasted so long was a good one: the next delays are short again. */
const STABLE = 5_000;
/** How long after a lower way began a higher one is looked for; doubled each time, to half an hour. */
const LOWER = 15_000;
const LOWER_MOST = 30 * 60_000;
/** Between two looks, or tries, for which something else gave the occasion, at least. */
const APART = 2_000;

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
export interface Owner extends Hearer {
  /** Where a new connection goes on: everything up to there is safe on this device. null: at the inbox's head. */
  cursor(): Promise<Cursor | null>;
  /** What is safe on this device now, while a session goes on. */
  readonly safe: Cursor | null;
  /** Until all that was told is safe, or never will be. */
  stored(): Promise<void>;
  /** No session is on, or another one takes its place: what was in flight has no answer. */
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
  private readonly ways: readonly Way[];
  private readonly backoff = new Backoff();
  private readonly ending = new AbortController();
  private hurry = new AbortController();
  private session: Session | null = null;
  private ladder: Ladder | null = null;
  private done: ((end: End) => void) | null = null;
  private way = 0;
  private lower = LOWER;
  private triedAt = -Infinity;
  private onlineSince = Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `ways`: from the best one down, for tests. */
  constructor(http: Http, tokens: Tokens, owner: Owner, client: string, ways: readonly Way[] = WAYS) {
    this.http = http;
    this.tokens = tokens;
    this.owner = owner;
    this.client = client;
    this.ways = ways;
  }

  /** Hold sessions until `close`, or until the device is logged out. */
  async run(): Promise<void> {
    this.tell("connecting", null);
    while (!this.closed()) {
      let end: End;
      try {
        end = await this.hold();
      } catch (error) {
        if (error instanceof LoggedOut) {
          this.owner.out(error.code);
          return;
        }
        const api = error instanceof ApiError ? error : null;
        end = { code: api?.code ?? "unreachable", after: api?.retryAfter ?? 0 };
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
    return this.session !== null;
  }

  /** Whether something can be said now. */
  get writable(): boolean {
    return this.session?.writable ?? false;
  }

  /** Say something, if a session is on. */
  say(frame: ClientFrame): void {
    this.session?.say(frame);
  }

  /**
   * Something hints that the network is back, or another one, or lost: try at once, look for a better way, or ask for a
   * sign of life. What the server asked to wait is waited all the same.
   */
  nudge(): void {
    this.backoff.reset();
    this.hurry.abort();
    this.tokens.hurry?.();
    this.session?.ping();
    if (performance.now() - this.triedAt < APART) return;
    if (this.session !== null) this.look();
    else this.end({ code: "nudged", after: 0 });
  }

  /** Take the session's end for now and come back with the cursor: what comes is more than can be kept up with. */
  again(code: string): void {
    this.session?.close(code);
  }

  close(): void {
    this.ending.abort();
    this.hurry.abort();
    this.end({ code: "closed", after: 0 });
  }

  private closed(): boolean {
    return this.ending.signal.aborted;
  }

  /** Be connected, by one way after another, until there is no session any more. */
  private async hold(): Promise<End> {
    const token = await this.tokens.access();
    const cursor = await this.owner.cursor();
    if (this.closed()) return { code: "closed", after: 0 };
    const end = await new Promise<End>((resolve) => {
      this.done = resolve;
      this.climb(this.way, this.ways.length - 1, token, cursor, (failed) => {
        // What was tried beside a session that is on may fail. Else nothing is open: the next time all ways are tried.
        if (this.session !== null) return;
        this.way = 0;
        this.lower = LOWER;
        this.end(failed);
      });
    });
    if (performance.now() - this.onlineSince >= STABLE) this.backoff.reset();
    this.onlineSince = Infinity;
    if (RENEW.has(end.code)) await this.tokens.renew(token);
    return end;
  }

  private climb(first: number, last: number, token: string, at: Cursor | null, failed: (end: End) => void): void {
    const cursor = at === null ? null : cursorText(at);
    const start: Start = { http: this.http, token, cursor, client: this.client, stored: () => this.owner.stored() };
    const begin = (way: number): Session => {
      const session = new Session(way, at, this.owner, {
        welcomed: (one) => {
          this.welcomed(one, ladder);
        },
        ended: (one, end) => {
          if (one === this.session) this.end(end);
          else ladder.ended(one, end);
        },
      });
      const open = this.ways[way]?.open;
      if (open !== undefined) session.begin(open, start);
      return session;
    };
    const ladder = new Ladder(first, last, begin, (end) => {
      if (this.ladder === ladder) this.ladder = null;
      failed(end);
    });
    this.triedAt = performance.now();
    this.ladder = ladder;
    ladder.climb();
  }

  /** A session is on: it takes the place of the one there is. */
  private welcomed(session: Session, ladder: Ladder): void {
    const before = this.session;
    if (before === null) this.onlineSince = performance.now();
    else session.after(before.at);
    this.session = session;
    this.way = session.way;
    if (before !== null) {
      before.close("higher");
      this.owner.gone();
    }
    if (ladder.welcomed(session) && this.ladder === ladder) this.ladder = null;
    if (session.way === 0) this.lower = LOWER;
    // Told once its frames can be said, and before any of them is.
    this.tell("online", null, this.ways[session.way]?.name);
    this.lookLater();
  }

  private end(end: End): void {
    const { done, session, ladder } = this;
    if (done === null) return;
    this.done = this.session = this.ladder = null;
    if (this.timer !== null) clearTimeout(this.timer);
    ladder?.close();
    session?.close(end.code);
    this.owner.gone();
    done(end);
  }

  private lookLater(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.way === 0) return;
    this.timer = setTimeout(() => {
      this.lower = Math.min(LOWER_MOST, this.lower * 2);
      this.look();
    }, this.lower);
  }

  /** See whether a higher way works again, while the lower one goes on. */
  private look(): void {
    if (this.session === null || this.way === 0 || this.ladder !== null) return;
    const on = this.session;
    const later = (): void => {
      if (this.session !== null) this.lookLater();
    };
    this.triedAt = performance.now();
    this.tokens.access().then((token) => {
      if (this.session !== on || this.ladder !== null) return;
      this.climb(0, on.way - 1, token, this.owner.safe, later);
    }, later);
  }

  private async rest(end: End): Promise<void> {
    const asked = end.after * 1000;
    const delay = end.code === "nudged" ? 0 : this.backoff.next();
    this.hurry = new AbortController();
    this.tell("offline", end.code, null, asked + delay);
    await pause(asked, this.ending.signal);
    await pause(delay, this.hurry.signal);
    if (!this.closed()) this.tell("connecting", end.code);
  }

  private tell(state: Standing["state"], code: string | null, transport: TransportName | null = null, delay = 0): void {
    const nextTry = state === "offline" ? Math.round(Date.now() + delay) : null;
    this.owner.standing({ state, transport, nextTry, code });
  }
}
