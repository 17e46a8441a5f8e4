/** A tab's line to the engine that leads: it asks, and hears the answer, whichever tab's worker that is. */
import { randomName } from "@chinwag/client";
import { EngineFailure } from "../failure.js";
import {
  type CallName,
  type Calls,
  CHANNEL,
  type Channel,
  type DoorWish,
  type FromWorker,
  join,
  type Message,
  type PlainFailure,
  type ToLeader,
  type ToTabs,
  type ToWorker,
  VERSION,
} from "../messages.js";

/** Until a call counts as unanswered: longer than the server may take, with all its repetitions. */
const PATIENCE = 60_000;
/** How often one who waits asks whether anybody leads, in milliseconds. */
const ASK = 2_000;
/**
 * Questions without an answer after which nobody leads. A visible tab takes the lead from one that stands still in less;
 * questions are counted, and not time, as a tab that slept itself has heard nothing meanwhile.
 */
const UNHEARD = 5;

interface Waiting {
  /** What a leader that comes later is asked again; null: nothing. */
  message: ToLeader | null;
  /** A leader answers it, and not this page's own worker. */
  ofLeader: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  timer: ReturnType<typeof setTimeout>;
}

export interface LineNews {
  said(message: ToTabs): void;
  session(): void;
  outdated(): void;
}

export class Line {
  readonly tab = randomName();
  private readonly make: () => Worker;
  private worker: Worker | null = null;
  /** What it is told once it is begun. */
  private untold: ToWorker[] = [];
  private readonly channel: Channel;
  private readonly waiting = new Map<string, Waiting>();
  private readonly news: LineNews;
  private leadership = 0;
  private unheard = 0;
  private watch: ReturnType<typeof setInterval> | null = null;

  /** `make`: the page's own worker, made by `begin`. */
  constructor(make: () => Worker, news: LineNews) {
    this.make = make;
    this.news = news;
    this.channel = join(
      CHANNEL,
      (message) => {
        this.take(message);
      },
      () => {
        news.outdated();
      },
    );
  }

  /** Begin the page's own worker, if it has not begun. */
  begin(): void {
    if (this.worker !== null) return;
    const worker = (this.worker = this.make());
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      if (event.data.type === "door") this.answered(event.data.call, event.data.gives, event.data.failure);
    };
    for (const message of [{ type: "begin", tab: this.tab } as const, ...this.untold]) worker.postMessage(message);
    this.untold = [];
  }

  /** Say something to the page's own worker, once it has begun. */
  work(message: ToWorker): void {
    if (this.worker === null) this.untold.push(message);
    else this.worker.postMessage(message);
  }

  /** Say something to whoever leads. It is lost if nobody does. */
  say(message: ToLeader): void {
    this.channel.post({ to: "leader", version: VERSION, ...message });
  }

  /** Tell all tabs that another is logged in, or nobody. */
  sessionChanged(): void {
    this.channel.post({ to: "all", version: VERSION, type: "session" });
  }

  /** Ask whoever leads. A leader that comes later is asked again, unless it must be asked once only. */
  ask<Name extends CallName>(name: Name, wish: Calls[Name]["with"]): Promise<Calls[Name]["gives"]> {
    const call = randomName();
    const message: ToLeader = { type: "call", call, name, with: wish };
    const once = name === "http" && (wish as Calls["http"]["with"]).once === true;
    const answer = this.wait(call, once ? null : message, true, () => {
      this.say(message);
    });
    this.listen();
    return answer;
  }

  /** Ask the page's own worker to do something at the door. */
  door(wish: DoorWish): Promise<unknown> {
    const call = randomName();
    this.begin();
    return this.wait(call, null, false, () => {
      this.work({ type: "door", call, wish });
    });
  }

  close(): void {
    this.work({ type: "stop" });
    this.channel.close();
    if (this.watch !== null) clearInterval(this.watch);
    this.watch = null;
    for (const call of [...this.waiting.keys()]) this.answered(call, null, UNREACHABLE);
  }

  /** While calls to the leader wait: hear whether there is one. Where nobody leads nothing is waited for. */
  private listen(): void {
    if (this.watch !== null) return;
    this.unheard = 0;
    this.watch = setInterval(() => {
      const asked = [...this.waiting].filter(([, one]) => one.ofLeader);
      if (asked.length === 0) {
        if (this.watch !== null) clearInterval(this.watch);
        this.watch = null;
      } else if (this.unheard < UNHEARD) {
        this.unheard += 1;
        this.say({ type: "who" });
      } else for (const [call] of asked) this.answered(call, null, UNREACHABLE);
    }, ASK);
  }

  private wait(call: string, message: ToLeader | null, ofLeader: boolean, begin: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.answered(call, null, UNREACHABLE);
      }, PATIENCE);
      this.waiting.set(call, { message, ofLeader, resolve, reject, timer });
      begin();
    });
  }

  private take(message: Message): void {
    if (message.to === "all") this.news.session();
    // One that was replaced and does not know it yet speaks with a lower number.
    if (message.to !== "tabs" || message.leadership < this.leadership) return;
    this.unheard = 0;
    if (message.leadership > this.leadership) {
      this.leadership = message.leadership;
      for (const { message: asked } of this.waiting.values()) if (asked !== null) this.say(asked);
    }
    if (message.type === "answer") this.answered(message.call, message.gives, message.failure);
    else this.news.said(message);
  }

  private answered(call: string, gives: unknown, failure: PlainFailure | null): void {
    const waiting = this.waiting.get(call);
    if (waiting === undefined) return;
    this.waiting.delete(call);
    clearTimeout(waiting.timer);
    if (failure === null) waiting.resolve(gives);
    else waiting.reject(new EngineFailure(failure));
  }
}

const UNREACHABLE: PlainFailure = { code: "unreachable", message: "", retryable: true, retryAfter: null };
