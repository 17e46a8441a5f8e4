/**
 * What lines carry, on its way to the server. At most two at once, those that were written first before others; each goes
 * on where it was after whatever broke off, for as long as its line waits.
 */
import {
  ApiError,
  Backoff,
  beginUpload,
  dropUpload,
  type Http,
  LoggedOut,
  pause,
  sendPieces,
  uploadOf,
} from "@chinwag/client";
import type { UploadState } from "../api.js";
import type { CarriedMedia, FileRecord, OutboxRecord } from "../store/records.js";

const AT_ONCE = 2;
/** How often an upload that the server will not go on with is looked at again, and then begun anew. */
const LOOKS = 3;
const ANEW = 3;
/** Refusals that the same bytes meet again. */
const FINAL: ReadonlySet<string> = new Set([
  "media_too_large",
  "quota",
  "storage_full",
  "bad_request",
  "unsupported",
  "forbidden",
  "not_allowed",
]);
/** As many uploads are unfinished as may be: seconds until one of them may be done. */
const MANY = 10;
/** Milliseconds between two questions whether the server has looked at all of it: it may answer them at once. */
const BETWEEN = 1_000;

export interface UploadParts {
  http: Http;
  file(id: string): Promise<FileRecord | null>;
  /** Keep at which stage a line's media is. Returns the line as it is now; null: it is gone. */
  keep(line: OutboxRecord, change: Partial<CarriedMedia>): Promise<OutboxRecord | null>;
  /** All of it is on the server: the line may go. */
  ready(line: OutboxRecord): void;
  refused(line: OutboxRecord, code: string): Promise<void>;
  told(line: string, state: UploadState): void;
  failed(error: unknown): void;
}

interface Job {
  line: OutboxRecord;
  readonly ends: AbortController;
  running: boolean;
}

export class Uploads {
  private readonly parts: UploadParts;
  private readonly jobs = new Map<string, Job>();
  private readonly states = new Map<string, UploadState>();
  private hurry = new AbortController();
  private over = false;

  constructor(parts: UploadParts) {
    this.parts = parts;
  }

  /** A line's media is to be on the server. One that is taken already changes nothing. */
  take(line: OutboxRecord): void {
    if (this.over || this.jobs.has(line.id)) return;
    this.jobs.set(line.id, { line, ends: new AbortController(), running: false });
    this.tell(line.id, { state: "waiting", sent: 0 });
    this.next();
  }

  /** Stop it, and keep what the server has. */
  drop(id: string): void {
    const job = this.jobs.get(id);
    this.jobs.delete(id);
    this.states.delete(id);
    job?.ends.abort();
    this.next();
  }

  /** The person took it back: what the server has of it can go at once, and goes by itself within a day. */
  async takeBack(line: OutboxRecord): Promise<void> {
    const upload = this.jobs.get(line.id)?.line.media?.upload ?? line.media?.upload ?? null;
    this.drop(line.id);
    if (upload !== null) await dropUpload(this.parts.http, upload).catch(() => undefined);
  }

  /** Tell anew how all stand: somebody has come who heard nothing of it. */
  tellAll(): void {
    for (const [id, state] of this.states) this.parts.told(id, state);
  }

  /** The network may be back. */
  nudge(): void {
    this.hurry.abort();
    this.hurry = new AbortController();
  }

  close(): void {
    this.over = true;
    for (const job of this.jobs.values()) job.ends.abort();
    this.jobs.clear();
  }

  private next(): void {
    const all = [...this.jobs.values()];
    const room = AT_ONCE - all.filter((one) => one.running).length;
    const waiting = all.filter((one) => !one.running).sort((a, b) => a.line.order - b.line.order);
    for (const job of waiting.slice(0, Math.max(0, room))) {
      job.running = true;
      void this.run(job).finally(() => {
        if (this.jobs.get(job.line.id) === job) {
          this.jobs.delete(job.line.id);
          this.states.delete(job.line.id);
        }
        if (!this.over) this.next();
      });
    }
  }

  /** Until it is there, is refused for good, or is stopped. Never fails. */
  private async run(job: Job): Promise<void> {
    const backoff = new Backoff();
    const { signal } = job.ends;
    const tries = { looks: 0, anew: 0 };
    for (;;) {
      try {
        await this.once(job, () => {
          backoff.reset();
        });
        return;
      } catch (error) {
        if (isOver(job)) return;
        if (error instanceof LoggedOut) {
          this.parts.failed(error);
          return;
        }
        const after = await this.afterwards(job, error, tries);
        if (after === null) return;
        this.tell(job.line.id, { state: "waiting", sent: this.states.get(job.line.id)?.sent ?? 0 });
        await pause(backoff.next(after), AbortSignal.any([signal, this.hurry.signal]));
        if (isOver(job)) return;
      }
    }
  }

  /** What follows a failure: milliseconds to wait at least; null: it is over. */
  private async afterwards(job: Job, error: unknown, tries: { looks: number; anew: number }): Promise<number | null> {
    if (!(error instanceof ApiError)) return this.isStorage(error) ? null : 0;
    if (error.retryable) return 1000 * (error.retryAfter ?? 0);
    if (error.code === "too_many") return 1000 * MANY;
    try {
      const isGone = error.code === "no_upload" || error.code === "not_found";
      // A piece whose answer was lost may have come: then the server has more than this browser thinks.
      if (!isGone && !FINAL.has(error.code) && tries.looks < LOOKS) {
        tries.looks += 1;
        return 0;
      }
      if (!FINAL.has(error.code) && tries.anew < ANEW) {
        tries.anew += 1;
        tries.looks = 0;
        await this.keep(job, { upload: null });
        return 0;
      }
      await this.parts.refused(job.line, error.code);
    } catch (failure) {
      this.parts.failed(failure);
    }
    return null;
  }

  /** Whether the browser's database is at fault; what it is about is told. */
  private isStorage(error: unknown): boolean {
    const network = error instanceof Error && (error.name === "Unreachable" || error.name === "TimeoutError");
    if (!network) this.parts.failed(error);
    return !network;
  }

  private async once(job: Job, moved: () => void): Promise<void> {
    const { http } = this.parts;
    const { signal } = job.ends;
    const { media } = job.line;
    const held = await this.parts.file(job.line.id);
    if (media === undefined || held === null) return;
    const { file, poster } = held;
    const told = (sent: number): void => {
      this.tell(job.line.id, { state: "sending", sent });
    };
    let { upload } = media;
    if (upload === null) {
      upload = await beginUpload(http, media, signal);
      await this.keep(job, { upload });
    }
    const begun = await uploadOf(http, upload, signal);
    if (begun.state === "receiving") {
      told(begun.received);
      if (poster !== undefined) await this.poster(upload, poster, signal);
      await sendPieces(
        http,
        upload,
        file,
        begun.received,
        (sent) => {
          moved();
          told(sent);
        },
        signal,
      );
    }
    this.tell(job.line.id, { state: "processing", sent: media.size });
    let now = await uploadOf(http, upload, signal, true);
    while (now.state !== "ready") {
      moved();
      await pause(BETWEEN, signal);
      now = await uploadOf(http, upload, signal, true);
    }
    if (media.as === "picture" && !now.bare) {
      await this.tells(job);
      return;
    }
    const line = await this.keep(job, { ready: true });
    if (line !== null) this.parts.ready(line);
  }

  /**
   * The server could not take out of a picture what is written beside it, such as where it was taken. It does not go
   * before the person has said so: sent again, it goes as a file.
   */
  private async tells(job: Job): Promise<void> {
    const line = await this.keep(job, { as: "file" });
    if (line !== null) await this.parts.refused(line, "not_bare");
  }

  /** A still of a video, which comes before its last byte. One that is not taken is no matter. */
  private async poster(upload: string, poster: Blob, signal: AbortSignal): Promise<void> {
    const path = `/v1/media/${encodeURIComponent(upload)}/poster`;
    const headers = { "content-type": poster.type };
    await this.parts.http.answer("PUT", path, { raw: poster, headers, signal }).catch(() => undefined);
  }

  private tell(id: string, state: UploadState): void {
    if (!this.jobs.has(id)) return;
    this.states.set(id, state);
    this.parts.told(id, state);
  }

  private async keep(job: Job, change: Partial<CarriedMedia>): Promise<OutboxRecord | null> {
    const line = await this.parts.keep(job.line, change);
    if (line === null) job.ends.abort();
    else job.line = line;
    return line;
  }
}

/** Somebody stopped it. */
function isOver(job: Job): boolean {
  return job.ends.signal.aborted;
}
