/** One session over one way: it keeps the order of events dense, and itself alive. */
import type { Cursor } from "./cursor.js";
import type { AnyEvent } from "./events.js";
import type { AckFrame, ErrorFrame, ServerFrame, Signal, WelcomeFrame } from "./generated/chinwag.js";
import type { End, Listener, Open, Start, Transport } from "./transports/transport.js";

/** Nothing heard for so long after a ping: the session is dead, whatever the network says. */
export const SILENCE = 8_000;
/** Until a way must have shown a sign of life. */
const OPENING = 10_000;

/** What a session tells whoever is connected by it, in the order in which things were said. */
export interface Hearer {
  /** Events after `at` follow. */
  welcome(at: Cursor, welcome: WelcomeFrame): void;
  event(at: Cursor, event: AnyEvent): void;
  /** Load afresh: events after `at` follow. */
  reset(cause: "old" | "epoch", at: Cursor): void;
  ack(frame: AckFrame): void;
  refused(frame: ErrorFrame): void;
  signal(signal: Signal): void;
  /** What it says of large groups, and refusals of what was asked without an id. */
  other(frame: ServerFrame): void;
}

/** Who began it, and decides whether it is the one. */
export interface Beginner {
  /** The server said welcome. Whoever does not want it any more closes it now. */
  welcomed(session: Session): void;
  ended(session: Session, end: End): void;
}

export class Session implements Listener {
  /** Its place among the ways: 0 is the best. */
  readonly way: number;
  /** The server has said welcome; anything has been heard at all. */
  welcome = false;
  alive = false;
  /** Up to there events were told. */
  at: Cursor | null;
  private readonly hearer: Hearer;
  private readonly beginner: Beginner;
  private transport: Transport | null = null;
  private beat: ReturnType<typeof setInterval> | null = null;
  private silence: ReturnType<typeof setTimeout> | null = null;
  private over = false;

  constructor(way: number, at: Cursor | null, hearer: Hearer, beginner: Beginner) {
    this.way = way;
    this.at = at;
    this.hearer = hearer;
    this.beginner = beginner;
  }

  begin(open: Open, start: Start): void {
    this.expect(OPENING);
    this.transport = open(start, this);
  }

  /** Whether something can be said now. */
  get writable(): boolean {
    return this.welcome && !this.over && (this.transport?.writable ?? false);
  }

  say: Transport["say"] = (frame) => {
    if (this.welcome && !this.over) this.transport?.say(frame);
  };

  close(code: string): void {
    this.transport?.close(code);
  }

  /** Go on after what another session has told already. */
  after(other: Cursor | null): void {
    if (other === null) return;
    if (this.at === null || (other.epoch === this.at.epoch && other.position > this.at.position)) this.at = other;
  }

  /** Ask for a sign of life. */
  ping(): void {
    if (!this.welcome || this.over || this.silence !== null) return;
    this.transport?.say({ type: "ping" });
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
    if (this.beat !== null) clearInterval(this.beat);
    if (this.silence !== null) clearTimeout(this.silence);
    this.beginner.ended(this, end);
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
        this.hearer.reset(frame.cause, this.at);
        break;
      case "ack":
        this.hearer.ack(frame);
        break;
      case "error":
        if (frame.id !== undefined && frame.id !== null) this.hearer.refused(frame);
        else this.hearer.other(frame);
        break;
      case "signal":
        this.hearer.signal(frame.signal);
        break;
      default:
        this.hearer.other(frame);
    }
  }

  private begun(frame: WelcomeFrame): void {
    if (this.welcome) return;
    this.welcome = true;
    this.heard();
    this.beginner.welcomed(this);
    if (this.isOver()) return;
    this.at ??= { epoch: frame.epoch, position: frame.position };
    const beat = (): void => {
      this.ping();
    };
    this.beat = setInterval(beat, Math.max(1, frame.heartbeat) * 1000);
    this.hearer.welcome(this.at, frame);
  }

  /** Its beginner may have closed it meanwhile. */
  private isOver(): boolean {
    return this.over;
  }

  private event(position: number, event: AnyEvent): void {
    if (this.at === null || position > this.at.position + 1) {
      // Something is missing: the inbox knows what follows our cursor.
      this.close("gap");
      return;
    }
    if (position <= this.at.position) return;
    this.at = { epoch: this.at.epoch, position };
    this.hearer.event(this.at, event);
  }

  /** Something must be heard within so many milliseconds. */
  private expect(milliseconds: number): void {
    if (this.over) return;
    this.silence = setTimeout(() => {
      this.close("silence");
    }, milliseconds);
  }
}
