/** Previews of what messages carry, fetched into the database with the session: a page itself has no token. */
import { type ChangeEvent, type Http, Unreachable } from "@chinwag/client";
import { PREVIEW_BYTES } from "../store/bounds.js";
import type { PreviewSize } from "../api.js";
import type { PreviewRecord } from "../store/records.js";

const AT_ONCE = 4;
/** Milliseconds until one counts as lost. */
const LOST = 30_000;

/** Which one. */
export interface Wanted {
  conversation: string;
  number: number;
  size: PreviewSize;
}

export interface PreviewParts {
  http: Http;
  /** Changes that come from now on. */
  since(conversation: string): { changes: Iterable<ChangeEvent>; done(): void };
  keep(preview: PreviewRecord, since: Iterable<ChangeEvent>): Promise<boolean>;
}

export class Previews {
  private readonly parts: PreviewParts;
  private readonly asked = new Map<string, Promise<void>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(parts: PreviewParts) {
    this.parts = parts;
  }

  /** Fetch one. Asked for twice at once it is fetched once. Fails as requests do. */
  at(wanted: Wanted): Promise<void> {
    const key = `${wanted.conversation} ${wanted.number} ${wanted.size}`;
    const asked = this.asked.get(key) ?? this.inTurn(wanted).finally(() => this.asked.delete(key));
    this.asked.set(key, asked);
    return asked;
  }

  private async inTurn(wanted: Wanted): Promise<void> {
    // The last asked for is before the person now.
    while (this.running >= AT_ONCE) await new Promise<void>((go) => this.waiting.push(go));
    this.running += 1;
    try {
      await this.fetch(wanted);
    } finally {
      this.running -= 1;
      this.waiting.pop()?.();
    }
  }

  private async fetch({ conversation, number, size }: Wanted): Promise<void> {
    const since = this.parts.since(conversation);
    try {
      const path = `/v1/conversations/${encodeURIComponent(conversation)}/messages/${number}/media/${size}`;
      const answer = await this.parts.http.answer("GET", path, { signal: AbortSignal.timeout(LOST) });
      const blob = await answer.blob().catch((error: unknown) => {
        throw new Unreachable("a preview broke off", { cause: error });
      });
      if (blob.size > PREVIEW_BYTES || !blob.type.startsWith("image/")) return;
      await this.parts.keep({ conversation, number, size, blob, at: Date.now() }, since.changes);
    } finally {
      since.done();
    }
  }
}
