/** Lines and read marks on their way to the server, until it has them. */
import {
  type AckFrame,
  type Connection,
  type ErrorFrame,
  ofFrame,
  Outbox,
  type Readiness,
  Reads,
} from "@chinwag/client";
import type { EngineStore } from "../store/engine-store.js";
import type { OutboxRecord } from "../store/records.js";
import type { State } from "./state.js";

/** How often what a line carries goes up anew, when the server says that it knows no such upload. */
const ANEW = 3;

/** Who has to do with what lines carry. */
export interface Carrier {
  /** A line's media is to be brought to the server; `ready` says when it is there. */
  take(line: OutboxRecord): void;
}

/** Milliseconds until a full way out is looked at again. */
const FULL = 50;

export class Outflow {
  private readonly outbox = new Outbox();
  private readonly reads = new Reads();
  private readonly state: State;
  private readonly store: EngineStore;
  private readonly carrier: Carrier;
  private readonly anew = new Map<string, number>();
  private readonly changed: () => void;
  private readonly failed: (error: unknown) => void;
  private connection: Connection | null = null;
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    state: State,
    store: EngineStore,
    carrier: Carrier,
    changed: () => void,
    failed: (error: unknown) => void,
  ) {
    this.state = state;
    this.store = store;
    this.carrier = carrier;
    this.changed = changed;
    this.failed = failed;
  }

  over(connection: Connection): void {
    this.connection = connection;
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.connection = null;
  }

  /** How many lines wait. */
  get size(): number {
    return this.outbox.size;
  }

  take(records: readonly OutboxRecord[]): void {
    for (const record of records) {
      this.last = Math.max(this.last, record.order);
      if (record.refused !== null || record.placed !== null) continue;
      const readiness = readinessOf(record);
      this.outbox.add({ ...record, readiness });
      if (readiness === "uploading") this.carrier.take(record);
    }
  }

  /** What a line carries is there, or at another stage: it goes, waits or is held back accordingly. */
  prepared(record: OutboxRecord): void {
    this.outbox.prepare(record.conversation, record.id, readinessOf(record), record.frame);
    this.pump();
  }

  /** Whether a line is on its way already. */
  isFlying(conversation: string, id: string): boolean {
    return this.outbox.isFlying(conversation, id);
  }

  /** A line is not to be sent. */
  drop(conversation: string, id: string): void {
    this.outbox.drop(conversation, id);
    this.pump();
  }

  read(conversation: string, number: number): void {
    this.reads.read(conversation, number);
  }

  /** Somebody wrote lines into the database. */
  lines(): void {
    this.then(async () => {
      this.take(await this.store.linesAfter(this.last));
      this.pump();
    });
  }

  /** Somebody has read. */
  marks(): void {
    this.then(async () => {
      for (const mark of await this.store.marks()) this.reads.read(mark.conversation, mark.number);
      this.pump();
    });
  }

  /** Write what is due, as far as the way out has room. */
  pump(): void {
    const connection = this.connection;
    if (connection === null) return;
    const now = performance.now();
    while (connection.writable) {
      const [frame] = this.outbox.due(now, 1);
      if (frame === undefined) break;
      connection.say(frame);
    }
    if (connection.writable) {
      const { say, givenUp } = this.reads.due(now);
      for (const { conversation, number } of say) connection.say({ type: "read", conversation, number });
      for (const conversation of givenUp) {
        this.then(() => this.store.dropMark(conversation, Number.MAX_SAFE_INTEGER));
      }
    }
    this.wakeAt(now);
  }

  ack(frame: AckFrame): void {
    if (this.outbox.placed(frame.conversation, frame.id)) {
      const here = (this.state.kept(frame.conversation)?.head ?? 0) >= frame.number;
      this.then(async () => {
        await this.store.placed(frame.conversation, frame.id, frame.number, here);
        this.changed();
      });
    }
    this.pump();
  }

  refused(frame: ErrorFrame): void {
    const id = frame.id ?? "";
    const why = ofFrame(frame);
    const given = this.outbox.refused(frame.conversation ?? null, id, why, performance.now());
    if (given !== null) {
      this.then(async () => {
        if (why.code !== "no_upload" || !(await this.goesUpAnew(given.conversation, id))) {
          await this.store.refused(given.conversation, id, why.code);
        }
        this.changed();
      });
    }
    this.pump();
  }

  /** Its event came: that it is placed is known, with or without an answer. */
  placed(conversation: string, id: string): void {
    if (this.outbox.placed(conversation, id)) this.pump();
  }

  confirmed(conversation: string, number: number): void {
    this.reads.confirmed(conversation, number);
  }

  disconnected(): void {
    this.outbox.disconnected();
    this.reads.disconnected();
  }

  /** The server knows an upload no longer: it may have lain here for long. Returns whether it goes up once more. */
  private async goesUpAnew(conversation: string, id: string): Promise<boolean> {
    const times = (this.anew.get(id) ?? 0) + 1;
    if (times > ANEW) return false;
    const line = await this.store.carries(conversation, id, { upload: null, ready: false });
    if (line?.media === undefined || line.media.from !== undefined) return false;
    this.anew.set(id, times);
    this.take([line]);
    return true;
  }

  /** Writes to the database follow each other, so that what was written last holds. */
  private then(work: () => Promise<void>): void {
    this.reading = this.reading.then(work).catch((error: unknown) => {
      this.failed(error);
    });
  }

  private wakeAt(now: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (!this.connection?.online) return;
    // Nothing tells when a way out that is full has room again.
    const full = this.connection.writable ? Infinity : now + FULL;
    const next = Math.min(this.outbox.nextDue(now) ?? Infinity, this.reads.nextDue() ?? Infinity, full);
    if (next === Infinity) return;
    const wake = (): void => {
      this.pump();
    };
    this.timer = setTimeout(wake, Math.max(FULL, next - now));
  }
}

function readinessOf({ media }: OutboxRecord): Readiness {
  if (media === undefined || media.from !== undefined) return "ready";
  if (media.paused) return "paused";
  return media.ready ? "ready" : "uploading";
}
