/** The engine that leads: it holds the connection, keeps what comes, sends what waits, and answers the tabs. */
import {
  type AckFrame,
  type AnyEvent,
  type Asked,
  Connection,
  conversationView,
  type Cursor,
  type ErrorFrame,
  eventPage,
  type Http,
  type KeptEvent,
  LoggedOut,
  type Owner,
  type Range,
  rangeOfPage,
  type ServerFrame,
  type Signal,
  type Standing,
  type Tokens,
  type WelcomeFrame,
} from "@chinwag/client";
import type { Connection as Shown } from "../api.js";
import { plainly } from "../failure.js";
import type { CallName, Calls, Changed, ToLeader, ToTabs } from "../messages.js";
import { Deposed, EngineStore } from "../store/engine-store.js";
import { type AccountDatabase, LetGo, Outdated } from "../store/database.js";
import { event } from "../store/reading.js";
import type { OutboxRecord } from "../store/records.js";
import { type Afresh, Inflow } from "./inflow.js";
import { Attention } from "./attention.js";
import { Looks } from "./looks.js";
import { LeaderLarge } from "./large.js";
import { LeaderMedia } from "./media.js";
import { Outflow } from "./outflow.js";
import { People } from "./people.js";
import { State } from "./state.js";
import { untilAnswered } from "./until-answered.js";
import { Windows } from "./windows.js";

/** How often the database is told that it is up to date, and checked against its bounds, while a session is on. */
const MINUTE = 60_000;

export interface LeaderParts {
  database: AccountDatabase;
  http: Http;
  tokens: Tokens;
  me: string;
  device: string;
  /** The tab in whose page it runs. */
  tab: string;
  /** Say something to all tabs. */
  tell(message: ToTabs): void;
  client: string;
}

/** Why an engine ended: replaced, or asked to; logged out by a code; or something failed and another try may help. */
export type Ended = { by: "replaced" | "asked" } | { by: "out"; code: string } | { by: "failure"; error: unknown };

export class Leader implements Owner {
  private readonly parts: LeaderParts;
  private readonly store: EngineStore;
  private readonly state: State;
  private readonly inflow: Inflow;
  private readonly outflow: Outflow;
  private readonly people: People;
  private readonly media: LeaderMedia;
  private readonly large: LeaderLarge;
  private readonly connection: Connection;
  private readonly windows = new Windows();
  private readonly looks: Looks;
  private readonly attention: Attention;
  private standingNow: Standing = { state: "connecting", transport: null, nextTry: null, code: null };
  private asOf: number | null = null;
  private minute: ReturnType<typeof setInterval> | null = null;
  private hurry = new AbortController();
  private leadership = 0;
  private end: (ended: Ended) => void = () => undefined;
  private over = false;

  constructor(parts: LeaderParts) {
    const { http, me, device, tokens, client } = parts;
    this.parts = parts;
    this.store = new EngineStore(parts.database);
    this.state = new State(me);
    const failed = (error: unknown): void => {
      this.failed(error);
    };
    this.inflow = new Inflow(this.state, this.store, http, device, {
      changed: (changed) => {
        this.changed(changed);
      },
      came: (events, told) => {
        this.came(events, told);
      },
      aside: (event, changed) => this.large.aside(event, changed),
      withheld: (conversation, number) => {
        this.looks.changed(conversation, number);
        this.attention.inList(conversation, number);
      },
      placed: (conversation, id) => {
        this.outflow.placed(conversation, id);
      },
      confirmed: (conversation, number) => {
        this.outflow.confirmed(conversation, number);
      },
      afresh: (cause) => this.afresh(cause),
      failed,
    });
    const lines = (): void => {
      this.changed({ conversations: [], people: false, own: false, lines: true, marks: false });
    };
    this.media = new LeaderMedia({
      http,
      database: parts.database,
      store: this.store,
      meanwhile: this.inflow.meanwhile,
      told: (line, state) => {
        parts.tell({ type: "upload", line, ...state });
      },
      lines,
      failed,
    });
    this.outflow = new Outflow(this.state, this.store, this.media, lines, failed);
    this.media.through(this.outflow);
    this.people = new People(http, this.store, this.state, {
      people: () => {
        this.changed({ conversations: [], people: true, own: false, lines: false, marks: false });
      },
      presence: (known) => {
        parts.tell({ type: "presence", known });
      },
    });
    this.looks = new Looks((conversation, number) => this.look(conversation, number));
    this.attention = new Attention(this.state, this.people, this.looks, (conversation) => this.members(conversation));
    this.connection = new Connection(http, tokens, this, client);
    this.large = new LeaderLarge({
      http,
      state: this.state,
      database: parts.database,
      store: this.store,
      inflow: this.inflow,
      device,
      say: (frame) => {
        this.connection.say(frame);
      },
      online: () => this.connection.online,
      polls: () => this.standingNow.transport !== "socket",
      rewritten: (conversation, numbers) => {
        this.rewritten([], conversation, numbers);
      },
      missed: (conversation) => {
        parts.tell({ type: "counting", conversation });
      },
      failed,
    });
    this.inflow.over(this.connection);
    this.outflow.over(this.connection);
  }

  /** The number of its leadership; 0 until it leads. */
  get number(): number {
    return this.leadership;
  }

  get device(): string {
    return this.parts.device;
  }

  /** Lead until something ends it. Never fails. */
  async run(): Promise<Ended> {
    const ended = new Promise<Ended>((resolve) => {
      this.end = resolve;
    });
    try {
      this.leadership = await this.store.lead();
      const held = await this.store.held();
      this.state.take(held.conversations);
      if (held.own !== null) this.state.own = held.own;
      this.inflow.safe = held.cursor;
      for (const mark of held.marks) this.outflow.read(mark.conversation, mark.number);
      this.parts.tell({ type: "alive" });
      this.changed({ conversations: [], people: true, own: true, lines: true, marks: true });
      this.told();
      await this.begin(held.outbox);
    } catch (error) {
      this.failed(error);
    }
    const why = await ended;
    this.over = true;
    this.connection.close();
    this.outflow.close();
    this.media.close();
    this.large.close();
    if (this.minute !== null) clearInterval(this.minute);
    return why;
  }

  /** End it: another one leads, or the person leaves. */
  stop(by: "replaced" | "asked"): void {
    this.end({ by });
  }

  /** What a tab says. */
  hear(message: ToLeader): void {
    switch (message.type) {
      case "who":
        this.parts.tell({ type: "alive" });
        this.told();
        this.media.tell("tellAll");
        break;
      case "lines":
        this.outflow.lines();
        break;
      case "marks":
        this.outflow.marks();
        // the other tabs count anew
        this.changed({ conversations: [], people: false, own: false, lines: false, marks: true });
        break;
      case "typing":
        this.connection.say({ type: "typing", conversation: message.conversation });
        break;
      case "watching":
        this.windows.says(message.tab, message.conversation, performance.now());
        if (message.conversation !== null) {
          this.attention.watched(message.conversation);
          this.large.opened(message.conversation);
        }
        break;
      case "nudge":
        this.nudged();
        break;
      case "call":
        void this.answer(message.call, message.name, message.with);
        break;
    }
  }

  // What the connection says

  cursor(): Promise<Cursor | null> {
    return this.inflow.settled();
  }

  get safe(): Cursor | null {
    return this.inflow.safe;
  }

  stored(): Promise<void> {
    return this.inflow.stored();
  }

  welcome(_at: Cursor, { now }: WelcomeFrame): void {
    if (now > 0) this.parts.http.clockIs(now);
    this.asOf = Date.now();
    this.outflow.pump();
    this.media.tell("nudge");
    this.large.tell("welcome");
    this.people.ofList();
    this.people.presenceOfList().catch(() => undefined); // presence may be lost, and nothing depends on it
    this.minute ??= setInterval(() => {
      this.everyMinute();
    }, MINUTE);
  }

  event(at: Cursor, event: AnyEvent): void {
    this.inflow.event(at, event);
  }

  reset(cause: "old" | "epoch", at: Cursor): void {
    this.inflow.reset(cause, at);
  }

  ack(frame: AckFrame): void {
    this.outflow.ack(frame);
  }

  refused(frame: ErrorFrame): void {
    if (frame.retryable !== true && frame.conversation) this.attention.partner(frame.conversation);
    this.outflow.refused(frame);
  }

  signal(signal: Signal): void {
    this.parts.tell({ type: "signal", signal });
  }

  other(frame: ServerFrame): void {
    this.large.frame(frame);
  }

  gone(): void {
    if (this.standingNow.state === "online") this.asOf = Date.now();
    this.outflow.disconnected();
    this.large.tell("gone");
  }

  standing(standing: Standing): void {
    this.standingNow = standing;
    this.told();
  }

  out(code: string): void {
    this.end({ by: "out", code });
  }

  // Inside

  private async begin(outbox: OutboxRecord[]): Promise<void> {
    // What goes out under another device's name may be in its place already: that is looked up before it goes again.
    const foreign = outbox.some((one) => one.device !== this.parts.device);
    if (this.inflow.safe !== null && !foreign) {
      this.outflow.take(outbox);
      void this.connect();
      return;
    }
    await this.untilDone(async () => {
      if (this.inflow.safe === null) await this.inflow.afresh("first", null);
      if (foreign) {
        const { adoptable } = await import("./adopt.js");
        const placed = await adoptable(this.parts.http, outbox, this.parts.device, this.state.me);
        this.outflow.take(await this.store.adopt(this.parts.device, placed));
      }
    });
    void this.connect();
  }

  private async connect(): Promise<void> {
    try {
      await this.connection.run();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Try until the server has answered, telling how it stands. */
  private async untilDone(work: () => Promise<void>): Promise<void> {
    await untilAnswered(
      work,
      (standing) => {
        this.standing(standing);
      },
      () => this.over,
      () => this.hurry.signal,
    );
  }

  private async afresh(cause: Afresh): Promise<void> {
    const heads = new Map([...this.state.records].map(([id, { kept }]): [string, number] => [id, kept.head]));
    const left = await this.store.settle(heads, cause === "epoch");
    this.outflow.take(left.filter((one) => one.device === this.parts.device));
    this.outflow.pump();
    this.people.ofList();
  }

  private came(events: readonly KeptEvent[], told: readonly KeptEvent[]): void {
    this.people.ofEvents(events);
    // The tab in whose page this runs is told of it, and knows itself what it shows at that moment.
    const focused = this.windows.focused(performance.now(), this.parts.tab);
    for (const event of told) {
      if (event.from === this.state.me) continue;
      const { conversation } = event;
      const watched = focused.has(conversation);
      this.parts.tell({ type: "news", tab: this.parts.tab, conversation, event, watched });
    }
  }

  /** Fetch a page of history into the database. */
  private async page(conversation: string, asked: Asked): Promise<Range> {
    const since = this.inflow.meanwhile.since(conversation);
    try {
      const { events, head, quoted } = await eventPage(this.parts.http, conversation, asked);
      const numbers = events.map((one) => one.number);
      const range = rangeOfPage(asked, numbers, this.state.kept(conversation)?.first ?? 1, head);
      const record = await this.store.keepPage(conversation, { events, range, head, quoted }, since.changes);
      if (record !== null) this.state.take([record]);
      this.people.ofEvents([...events, ...(quoted ?? [])]);
      return range;
    } finally {
      since.done();
    }
  }

  /** Fetch one message as it is now, and tell the tabs. */
  private async look(conversation: string, number: number): Promise<void> {
    await this.page(conversation, { side: "around", number, limit: 1 });
    const now = await event(this.parts.database, conversation, number);
    const record = now === null ? null : this.state.look(now);
    if (record !== null) this.state.take(await this.store.commit({ conversations: [record] }));
    this.rewritten([conversation], conversation, [number]);
  }

  private rewritten(conversations: string[], conversation: string, numbers: number[]): void {
    const rewritten = [{ conversation, numbers }];
    this.changed({ conversations, rewritten, people: false, own: false, lines: false, marks: false });
  }

  /** Load a conversation with all its members. */
  private async members(conversation: string): Promise<void> {
    const view = await conversationView(this.parts.http, conversation);
    this.state.take(await this.store.commit({ conversations: [this.state.view(view)] }));
    this.changed({ conversations: [conversation], people: false, own: false, lines: false, marks: false });
  }

  private changed(changed: Changed): void {
    this.parts.tell({ type: "changed", ...changed });
    this.large.changed(changed.conversations);
  }

  private told(): void {
    const { state, transport, nextTry } = this.standingNow;
    const connection: Shown = { state, transport, nextTry, asOf: state === "online" ? null : this.asOf, trouble: null };
    this.parts.tell({ type: "connection", connection, ahead: this.parts.http.ahead });
  }

  /** The network may be back. */
  private nudged(): void {
    this.connection.nudge();
    if (this.standingNow.state === "online") return;
    this.parts.http.hurry();
    this.media.tell("nudge");
    this.hurry.abort();
    this.hurry = new AbortController();
  }

  private everyMinute(): void {
    if (this.standingNow.state !== "online") return;
    this.people.again();
    this.attention.again();
    this.large.tell("again");
    const work = async (): Promise<void> => {
      await this.store.upToDate(Date.now());
      this.state.take(await this.store.trim());
    };
    work().catch((error: unknown) => {
      this.failed(error);
    });
  }

  private failed(error: unknown): void {
    if (this.over) return;
    const over = error instanceof Deposed || error instanceof Outdated || error instanceof LetGo;
    if (over) this.end({ by: "replaced" });
    else if (error instanceof LoggedOut) this.end({ by: "out", code: error.code });
    else if (plainly(error).code === "storage") this.end({ by: "failure", error });
    else this.connection.again("failed");
  }

  private async answer(call: string, name: CallName, wish: unknown): Promise<void> {
    try {
      const gives: unknown = await this.calls[name](wish as never);
      this.parts.tell({ type: "answer", call, gives, failure: null });
    } catch (error) {
      this.parts.tell({ type: "answer", call, gives: null, failure: plainly(error) });
      if (error instanceof LoggedOut || error instanceof Deposed) this.failed(error);
    }
  }

  private readonly calls: { [Name in CallName]: (wish: Calls[Name]["with"]) => Promise<Calls[Name]["gives"]> } = {
    http: ({ method, path, body, key, once }) => {
      const wish = { body, ...(key === undefined ? {} : { key }), ...(once === undefined ? {} : { once }) };
      return this.parts.http.ask<unknown>(method, path, wish);
    },
    page: async ({ conversation, asked }) => {
      return { range: await this.page(conversation, asked) };
    },
    look: async ({ conversation, number }) => {
      await this.looks.at(conversation, number);
      return null;
    },
    opened: async ({ conversation }) => {
      this.large.opened(conversation);
      await this.attention.opened(conversation);
      return true;
    },
    counts: async ({ conversation, numbers, screen }) => {
      await this.large.counts(conversation, numbers, screen);
      return null;
    },
    preview: async (wanted) => {
      await (await this.media.moving()).preview(wanted);
      return null;
    },
    avatar: async ({ path }) => (await import("./avatars.js")).avatarAt(this.parts.http, path),
    upload: async ({ file, name }) => (await import("./avatars.js")).uploaded(this.parts.http, file, name),
    media: async ({ conversation, id, act }) => (await this.media.moving()).act(conversation, id, act),
    presence: async ({ accounts }) => {
      await this.people.presence(accounts);
      return null;
    },
    people: async ({ accounts }) => {
      await this.people.fetch(accounts);
      return null;
    },
    logOut: async () => {
      return this.parts.http.ask("DELETE", "/v1/sessions/current");
    },
  };
}
