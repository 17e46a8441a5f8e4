/** A device of the account in a large group: what leads, over a database and a `GroupServer`. */
import { type AnyEvent, type Cursor, type Kept, type KeptEvent, textOf } from "@chinwag/client";
import type { AccountDatabase } from "../store/database.js";
import type { EngineStore } from "../store/engine-store.js";
import { events } from "../store/reading.js";
import { Inflow } from "./inflow.js";
import { LeaderLarge } from "./large.js";
import { DEVICE, GROUP, type GroupServer, ME } from "./large-server.test-support.js";
import { State } from "./state.js";

/** It takes its inbox when a test says so. */
export class Device {
  readonly state = new State(ME);
  readonly told: number[] = [];
  readonly failures: unknown[] = [];
  readonly inflow: Inflow;
  readonly large: LeaderLarge;
  readonly database: AccountDatabase;
  online = false;
  /** It has no socket. */
  polls = false;
  /** Messages whose reactions changed, in order. */
  readonly rewritten: number[] = [];
  /** How often who shows the group was to ask what is on the screen. */
  missed = 0;
  /** Whether a window shows the group: whoever is to ask what is on the screen does, though there is nothing on it. */
  window = false;
  private readonly server: GroupServer;
  private taken = 0;

  constructor(database: AccountDatabase, store: EngineStore, server: GroupServer) {
    this.server = server;
    const failed = (error: unknown): void => {
      this.failures.push(error);
    };
    this.inflow = new Inflow(this.state, store, server.http, DEVICE, {
      changed: ({ conversations }) => {
        this.large.changed(conversations);
      },
      came: (_events, told) => {
        this.told.push(...told.map((one) => one.number));
      },
      aside: (event, changed) => this.large.aside(event, changed),
      withheld: () => undefined,
      placed: () => undefined,
      confirmed: () => undefined,
      afresh: () => Promise.resolve(),
      failed,
    });
    this.large = new LeaderLarge({
      http: server.http,
      state: this.state,
      database,
      store,
      inflow: this.inflow,
      device: DEVICE,
      say: (frame) => {
        server.hears(frame);
      },
      online: () => this.online,
      polls: () => this.polls,
      rewritten: (_conversation, numbers) => {
        this.rewritten.push(...numbers);
      },
      missed: (conversation) => {
        this.missed += 1;
        if (this.window && conversation === GROUP) void this.large.counts(GROUP, [], false);
      },
      failed,
    });
    server.over((frame) => {
      if (this.online) this.large.frame(frame);
    });
    this.database = database;
  }

  get kept(): Kept {
    const kept = this.state.kept(GROUP);
    if (kept === undefined) throw new Error("it has no such group");
    return kept;
  }

  /** A session begins. */
  async come(): Promise<void> {
    this.online = true;
    this.large.tell("welcome");
    await this.settled();
  }

  go(): void {
    this.online = false;
    this.large.tell("gone");
  }

  /** Take what the inbox has, in one breath; `other`: and then an event of another conversation. */
  async take(other?: AnyEvent): Promise<void> {
    for (const { position, event } of this.server.inbox.slice(this.taken)) this.inflow.event(at(position), event);
    this.taken = this.server.inbox.length;
    if (other !== undefined) this.inflow.event(at(this.taken + 1), other);
    await this.settled();
  }

  async open(): Promise<void> {
    this.large.opened(GROUP);
    await this.settled();
  }

  /** Nothing goes on any more: whatever is asked for is answered in the same breath. */
  async settled(): Promise<void> {
    for (let still = 0; still < 5; still += 1) {
      const before = this.server.asked.length;
      await new Promise((resolve) => setTimeout(resolve));
      await this.inflow.stored();
      if (this.server.asked.length > before) still = 0;
    }
  }

  /** What is cached of it: texts by number. */
  async texts(): Promise<Record<number, string | null>> {
    const all = await events(this.database, GROUP, [1, 10_000], 10_000, "first");
    return Object.fromEntries(all.map((one: KeptEvent) => [one.number, textOf(one)]));
  }
}

export function at(position: number): Cursor {
  return { epoch: 1, position };
}
