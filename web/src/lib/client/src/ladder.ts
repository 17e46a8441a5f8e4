/**
 * Ways to the server, tried from the best one down: the next begins when one fails, or shows no sign of life for a
 * while, so that a proxy which swallows one way costs seconds and not a whole time-out.
 */
import { lately } from "./transports/lately.js";
import { openSocket } from "./transports/socket.js";
import type { End, Open, TransportName } from "./transports/transport.js";
import type { Session } from "./session.js";

export interface Way {
  readonly name: TransportName;
  readonly open: Open;
}

export const WAYS: readonly Way[] = [
  { name: "socket", open: openSocket },
  { name: "stream", open: lately(async () => (await import("./transports/stream.js")).openStream) },
  { name: "poll", open: lately(async () => (await import("./transports/poll.js")).openPoll) },
];

/** How long a way alone is waited for. */
const ALONE = 3_000;

export class Ladder {
  private readonly last: number;
  private readonly begin: (way: number) => Session;
  private readonly failed: (end: End) => void;
  private readonly trying = new Set<Session>();
  private next: number;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private over = false;

  /**
   * Try the ways `first` to `last`. `begin` begins one; `failed` is called once all have failed, or one in a way that
   * no other would mend. Whoever is welcomed is told to whoever began it, not here.
   */
  constructor(first: number, last: number, begin: (way: number) => Session, failed: (end: End) => void) {
    this.next = first;
    this.last = last;
    this.begin = begin;
    this.failed = failed;
  }

  climb(): void {
    if (this.over || this.next > this.last) return;
    const session = this.begin(this.next);
    this.next += 1;
    this.trying.add(session);
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.climb();
    }, ALONE);
  }

  /** One was welcomed. Those above it may still come; those below are not needed. True: none is left to wait for. */
  welcomed(session: Session): boolean {
    this.trying.delete(session);
    this.next = this.last + 1;
    for (const other of [...this.trying]) if (other.way > session.way) this.drop(other);
    return this.trying.size === 0;
  }

  /** One ended without a welcome. */
  ended(session: Session, end: End): void {
    if (!this.trying.delete(session) || this.over) return;
    // A word of the server's holds for all ways.
    const decided = session.alive || end.after > 0 || !CLOSED.has(end.code);
    if (decided || (this.trying.size === 0 && this.next > this.last)) {
      this.close();
      this.failed(end);
    } else if (this.next <= this.last) this.climb();
  }

  close(): void {
    this.over = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const session of [...this.trying]) this.drop(session);
  }

  private drop(session: Session): void {
    this.trying.delete(session);
    session.close("not needed");
  }
}

/** How a way ends that is closed, while another may be open: cut before a word, swallowed, or answered by a stranger. */
const CLOSED: ReadonlySet<string> = new Set(["disconnected", "silence", "unreachable"]);
