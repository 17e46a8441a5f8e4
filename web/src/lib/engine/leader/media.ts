/** Media on both ways, for the engine that leads: what moves it is fetched when there is something to move. */
import type { Http } from "@chinwag/client";
import type { MediaAct, UploadState } from "../api.js";
import type { AccountDatabase } from "../store/database.js";
import type { EngineStore } from "../store/engine-store.js";
import { fileOf } from "../store/personal.js";
import type { OutboxRecord } from "../store/records.js";
import type { Meanwhile } from "./meanwhile.js";
import type { Carrier, Outflow } from "./outflow.js";
import type { Previews, Wanted } from "./previews.js";
import type { Uploads } from "./uploads.js";

export interface MediaParts {
  http: Http;
  database: AccountDatabase;
  store: EngineStore;
  meanwhile: Meanwhile;
  told(line: string, state: UploadState): void;
  /** Lines are others now. */
  lines(): void;
  failed(error: unknown): void;
}

export class LeaderMedia implements Carrier {
  private readonly parts: MediaParts;
  private outflow: Outflow | null = null;
  private uploads: Promise<Uploads> | null = null;
  private previews: Promise<Previews> | null = null;
  private over = false;

  constructor(parts: MediaParts) {
    this.parts = parts;
  }

  through(outflow: Outflow): void {
    this.outflow = outflow;
  }

  take(line: OutboxRecord): void {
    this.withUploads((uploads) => {
      uploads.take(line);
    });
  }

  nudge(): void {
    void this.uploads?.then((uploads) => {
      uploads.nudge();
    });
  }

  tellAll(): void {
    void this.uploads?.then((uploads) => {
      uploads.tellAll();
    });
  }

  close(): void {
    this.over = true;
    void this.uploads?.then((uploads) => {
      uploads.close();
    });
  }

  /** Fetch a preview into the database. Fails as requests do. */
  async preview(wanted: Wanted): Promise<void> {
    const { http, store, meanwhile } = this.parts;
    this.previews ??= import("./previews.js").then(
      ({ Previews: Made }) =>
        new Made({
          http,
          since: (conversation) => meanwhile.since(conversation),
          keep: (preview, since) => store.keepPreview(preview, since),
        }),
    );
    await (await this.previews).at(wanted);
  }

  /** What the person wants of a line that carries something. Returns false if it is too late for that. */
  async act(conversation: string, id: string, act: MediaAct): Promise<boolean> {
    const { outflow } = this;
    const { store } = this.parts;
    if (outflow === null || outflow.isFlying(conversation, id)) return false;
    const change = { pause: { paused: true }, resume: { paused: false }, again: AGAIN, cancel: {} }[act];
    const line = await store.carries(conversation, id, change);
    if (line === null || line.placed !== null || outflow.isFlying(conversation, id)) return false;
    if (act === "cancel") {
      outflow.drop(conversation, id);
      await store.takeBack(conversation, id);
      this.withUploads((uploads) => void uploads.takeBack(line));
    } else if (act === "again") outflow.take([line]);
    else {
      outflow.prepared(line);
      const stopped = act === "pause";
      this.withUploads((uploads) => {
        if (stopped) uploads.drop(id);
        else if (line.media?.ready === false) uploads.take(line);
      });
    }
    this.parts.lines();
    return true;
  }

  private withUploads(work: (uploads: Uploads) => void): void {
    const { parts } = this;
    const { http, database, store } = parts;
    this.uploads ??= import("./uploads.js").then(
      ({ Uploads: Made }) =>
        new Made({
          http,
          file: (id) => fileOf(database, id),
          keep: (line, change) => store.carries(line.conversation, line.id, change),
          ready: (line) => {
            this.outflow?.prepared(line);
            parts.lines();
          },
          refused: async (line, code) => {
            this.outflow?.drop(line.conversation, line.id);
            await store.refused(line.conversation, line.id, code);
            parts.lines();
          },
          told: (line, state) => {
            parts.told(line, state);
          },
          failed: (error) => {
            parts.failed(error);
          },
        }),
    );
    this.uploads.then(
      (uploads) => {
        if (this.over) uploads.close();
        else work(uploads);
      },
      (error: unknown) => {
        // What moves it could not be fetched: the app is kept whole, so a newer one is here.
        this.uploads = null;
        parts.failed(error);
      },
    );
  }
}

const AGAIN = { upload: null, ready: false, paused: false };
