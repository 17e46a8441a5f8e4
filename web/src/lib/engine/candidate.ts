/**
 * An engine in a worker: it waits for the lead among those of all tabs, leads, and ends when another one takes it.
 *
 * The worker itself holds the lock, so closing its page passes the lead on at once. A page that is frozen holds it and
 * does nothing: then a worker whose page is visible steals it, after it has heard nothing for a while.
 */
import { Http, randomName, RenewedTokens, type SessionTokens } from "@chinwag/client";
import { CookieRenewal } from "./cookie-renewal.js";
import { atDoor } from "./door.js";
import { plainly } from "./failure.js";
import { type Ended, Leader } from "./leader/leader.js";
import { CHANNEL, type Channel, type FromWorker, join, type Message, type ToWorker, VERSION } from "./messages.js";
import { AccountDatabase } from "./store/database.js";
import { currentSession, endSession, type SessionRecord } from "./store/session.js";

/** The lock of who leads, whichever account is logged in. */
const LOCK = "chinwag.engine";
/** How often a visible page's worker asks whether somebody leads, and after how long a silence it takes the lead. */
const ASK = 1_000;
const SILENCE = 2_000;
const SPREAD = 1_000;
/** Until an engine that failed is begun again. */
const AGAIN = 1_000;
const CLIENT = "chinwag-web/0.1.0";

export class Candidate {
  private readonly say: (message: FromWorker) => void;
  private readonly http = new Http("");
  private readonly locks: LockManager | undefined;
  private channel: Channel | null = null;
  private leader: Leader | null = null;
  private tab = randomName();
  private visible = false;
  private stopped = false;
  private fresh: { session: SessionRecord; tokens: SessionTokens } | null = null;
  private waiting: AbortController | null = null;
  private heardAt = 0;
  private highest = 0;
  private leading: Promise<unknown> = Promise.resolve();
  private asked = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `locks`: those of the browser; none on an address that is not secure. */
  constructor(say: (message: FromWorker) => void, locks: LockManager | undefined) {
    this.say = say;
    this.locks = locks;
  }

  hear(message: ToWorker): void {
    switch (message.type) {
      case "begin":
        this.tab = message.tab;
        this.channel = join(
          CHANNEL,
          (one) => {
            this.take(one);
          },
          () => {
            this.stop();
          },
        );
        void this.stand(false);
        break;
      case "visible":
        this.visible = message.is;
        this.watch();
        break;
      case "door":
        void this.atDoor(message);
        break;
      case "stop":
        this.stop();
        break;
    }
  }

  private take(message: Message): void {
    if (message.to === "leader") this.leader?.hear(message);
    else if (message.to === "all") void this.sessionChanged();
    else if (message.leadership >= this.highest && message.leadership > 0) {
      // One that was frozen and woke up speaks with a lower number, until it knows that it was replaced.
      this.highest = message.leadership;
      this.heardAt = performance.now();
      this.asked = false;
      // Whoever leads with a higher number has replaced this one, whether or not its lock was seen to go.
      if (this.leader !== null && message.leadership > this.leader.number && this.leader.number > 0) {
        this.leader.stop("replaced");
      }
    }
  }

  private async atDoor({ call, wish }: Extract<ToWorker, { type: "door" }>): Promise<void> {
    try {
      const { gives, session, tokens } = await atDoor(new Http(""), wish);
      if (session !== null && tokens !== null) {
        this.fresh = { session, tokens };
        this.channel?.post({ to: "all", version: VERSION, type: "session" });
        // Whoever leads now is another's, or the same one's old session: it is over.
        this.leader?.stop("asked");
        void this.stand(true);
      }
      this.say({ type: "door", call, gives, failure: null });
    } catch (error) {
      this.say({ type: "door", call, gives: null, failure: plainly(error) });
    }
  }

  /** Another tab logged in or out. */
  private async sessionChanged(): Promise<void> {
    const session = await sessionOrNone();
    if (this.leader !== null && this.leader.device !== session?.device) this.leader.stop("asked");
    else if (this.leader === null && session !== null) void this.stand(false);
  }

  /** Wait for the lead, and lead. `steal`: take it from whoever has it. */
  private async stand(steal: boolean): Promise<void> {
    if (this.stopped) return;
    this.waiting?.abort();
    const waiting = (this.waiting = new AbortController());
    this.watch();
    if ((await sessionOrNone()) === null) return;
    if (this.locks === undefined) {
      // No locks: the one that began last leads, by its number in the database.
      const ended = await this.lead();
      if (ended?.by === "failure") this.afterwards(ended);
      return;
    }
    const options: LockOptions = steal ? { steal: true } : { signal: waiting.signal };
    let held: Ended | null = null;
    try {
      await this.locks.request(LOCK, options, async () => {
        const leading = this.lead();
        this.leading = leading;
        held = await leading;
      });
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "AbortError") throw error;
      // Stolen from under a leader; or this wait was given up for another one.
      this.leader?.stop("replaced");
      if (waiting.signal.aborted) return;
    }
    this.afterwards(held);
  }

  /** What follows an end of leading: wait again, unless it is over for everybody. */
  private afterwards(ended: Ended | null): void {
    if (this.stopped || ended?.by === "out") return;
    const delay = ended?.by === "failure" ? AGAIN : 0;
    // One whose lock was stolen has still to let go of its connection and its database.
    void this.leading.then(() => {
      setTimeout(() => {
        if (this.leader === null) void this.stand(false);
      }, delay);
    });
  }

  private async lead(): Promise<Ended | null> {
    const session = await sessionOrNone();
    if (session === null || this.stopped) return null;
    const fresh = this.fresh?.session.device === session.device ? this.fresh.tokens : null;
    this.fresh = null;
    const tell = (message: Parameters<LeaderTell>[0]): void => {
      // One that waits for the database has no number yet, and says so under that of the one before it.
      const leadership = leader.number > 0 ? leader.number : this.highest;
      this.channel?.post({ to: "tabs", version: VERSION, leadership, ...message });
    };
    const database = new AccountDatabase(session.me.id, {
      slow: (is) => {
        tell({ type: "slow", is });
      },
      outdated: () => {
        leader.stop("replaced");
      },
    });
    const tokens = new RenewedTokens(this.http, new CookieRenewal(session), fresh);
    const http = new Http("");
    http.authorise(tokens);
    const { tab } = this;
    const { me, device } = session;
    const leader = new Leader({ database, http, tokens, me: me.id, device, tab, tell, client: CLIENT });
    this.leader = leader;
    const ended = await leader.run();
    // Where the lead was taken twice in one breath, the later one has it.
    if (this.leader === leader) this.leader = null;
    database.close();
    if (ended.by === "out") {
      await endSession(device, false);
      tell({ type: "out", code: ended.code });
    }
    return ended;
  }

  /** While the page is visible: ask whether somebody leads, and take the lead if nobody answers. */
  private watch(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.heardAt = performance.now();
    this.asked = false;
    if (this.visible && !this.stopped && this.locks !== undefined) this.askAgain(ASK);
  }

  private askAgain(delay: number): void {
    this.timer = setTimeout(() => {
      this.look();
    }, delay);
  }

  private look(): void {
    if (this.leader !== null) {
      this.heardAt = performance.now();
      this.askAgain(ASK);
      return;
    }
    const silent = performance.now() - this.heardAt;
    if (silent < SILENCE) {
      this.channel?.post({ to: "leader", version: VERSION, type: "who" });
      this.askAgain(ASK);
    } else if (!this.asked) {
      // Once more, after a while of its own length: of two windows side by side one is first, and the other hears it.
      this.asked = true;
      this.channel?.post({ to: "leader", version: VERSION, type: "who" });
      this.askAgain(Math.random() * SPREAD);
    } else {
      this.watch();
      void this.stand(true);
    }
  }

  private stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.waiting?.abort();
    if (this.timer !== null) clearTimeout(this.timer);
    this.leader?.stop("asked");
    this.channel?.close();
    this.say({ type: "stopped" });
  }
}

/** Whoever is logged in. Nobody leads where that cannot be read: the page, which reads it too, says why. */
async function sessionOrNone(): Promise<SessionRecord | null> {
  try {
    return await currentSession();
  } catch {
    return null;
  }
}

type LeaderTell = ConstructorParameters<typeof Leader>[0]["tell"];
