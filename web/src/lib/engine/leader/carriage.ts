/** What the leading engine does for media on both ways. It is fetched when there is something to move. */
import type { MediaAct } from "../api.js";
import { fileOf } from "../store/personal.js";
import type { OutboxRecord } from "../store/records.js";
import type { MediaParts } from "./media-parts.js";
import type { Outflow } from "./outflow.js";
import { Previews, type Wanted } from "./previews.js";
import { Uploads } from "./uploads.js";

const AGAIN = { upload: null, ready: false, paused: false };

export class Carriage {
  private readonly parts: MediaParts;
  private readonly outflow: Outflow;
  private readonly uploads: Uploads;
  private readonly previews: Previews;

  constructor(parts: MediaParts, outflow: Outflow) {
    const { http, database, store, meanwhile } = parts;
    this.parts = parts;
    this.outflow = outflow;
    this.previews = new Previews({
      http,
      since: (conversation) => meanwhile.since(conversation),
      keep: (preview, since) => store.keepPreview(preview, since),
    });
    this.uploads = new Uploads({
      http,
      file: (id) => fileOf(database, id),
      keep: (line, change) => store.carries(line.conversation, line.id, change),
      ready: (line) => {
        outflow.prepared(line);
        parts.lines();
      },
      refused: async (line, code) => {
        outflow.drop(line.conversation, line.id);
        await store.refused(line.conversation, line.id, code);
        parts.lines();
      },
      told: (line, state) => {
        parts.told(line, state);
      },
      failed: (error) => {
        parts.failed(error);
      },
    });
  }

  take(line: OutboxRecord): void {
    this.uploads.take(line);
  }

  nudge(): void {
    this.uploads.nudge();
  }

  tellAll(): void {
    this.uploads.tellAll();
  }

  close(): void {
    this.uploads.close();
  }

  /** Fetch a preview into the database. Fails as requests do. */
  preview(wanted: Wanted): Promise<void> {
    return this.previews.at(wanted);
  }

  /** What the person wants of a line that carries something. Returns false if it is too late for that. */
  async act(conversation: string, id: string, act: MediaAct): Promise<boolean> {
    const { outflow, uploads } = this;
    const { store } = this.parts;
    if (outflow.isFlying(conversation, id)) return false;
    const change = { pause: { paused: true }, resume: { paused: false }, again: AGAIN, cancel: {} }[act];
    const line = await store.carries(conversation, id, change);
    if (line === null || line.placed !== null || outflow.isFlying(conversation, id)) return false;
    if (act === "cancel") {
      outflow.drop(conversation, id);
      await store.takeBack(conversation, id);
      void uploads.takeBack(line);
    } else if (act === "again") outflow.take([line]);
    else {
      if (act === "pause") uploads.drop(id);
      outflow.prepared(line);
      if (act === "resume" && line.media?.ready === false) uploads.take(line);
    }
    this.parts.lines();
    return true;
  }
}
