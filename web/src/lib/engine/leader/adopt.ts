/** Lines that were written under another device of this account: which of them have their place already. */
import { type Http, isChange, isMessage, type KeptEvent } from "@chinwag/client";
import type { OutboxRecord } from "../store/records.js";

const PAGE = 200;
/** Pages that are looked through for one conversation: what lies further back than that was written long ago. */
const PAGES = 50;

/**
 * A device that was logged out may have sent a line and never heard the answer. Under the new one's name the server
 * would place it again; so each conversation is read from where the line was written. Returns the lines' orders.
 */
export async function adoptable(
  http: Http,
  outbox: readonly OutboxRecord[],
  device: string,
  me: string,
): Promise<number[]> {
  const foreign = outbox.filter((one) => one.device !== device);
  const done: number[] = [];
  for (const conversation of new Set(foreign.map((one) => one.conversation))) {
    const lines = foreign.filter((one) => one.conversation === conversation);
    const there = new Set<string>();
    let after = Math.min(...lines.map((one) => one.since));
    for (let count = 0; count < PAGES; count += 1) {
      const events = await changes(http, conversation, after);
      for (const one of events)
        if ((isMessage(one) || isChange(one)) && one.from === me) there.add(`${one.device} ${one.id}`);
      const last = events.at(-1);
      if (last === undefined || events.length < PAGE) break;
      after = last.number;
    }
    for (const line of lines) if (there.has(`${line.device} ${line.id}`)) done.push(line.order);
  }
  return done;
}

async function changes(http: Http, conversation: string, after: number): Promise<KeptEvent[]> {
  const path = `/v1/conversations/${encodeURIComponent(conversation)}/changes?after=${after}&limit=${PAGE}`;
  try {
    return (await http.ask<{ events: KeptEvent[] }>("GET", path)).events;
  } catch (error) {
    // A conversation that has not begun, or that is no longer to be seen, has none of them.
    if (
      error instanceof Error &&
      "code" in error &&
      (error.code === "no_conversation" || error.code === "not_member")
    ) {
      return [];
    }
    throw error;
  }
}
