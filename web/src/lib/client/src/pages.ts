/** Reading lists whole, and loading afresh without a race. */
import { type Cursor, cursorOf } from "./cursor.js";
import type { KeptEvent } from "./events.js";
import type { CurrentCursor, EventPage } from "./generated/chinwag.js";
import type { Http } from "./http.js";
import type { View } from "./kept.js";
import type { Asked } from "./ranges.js";

/** Pages of one list that are read: what a server may make a device read is bounded. */
const PAGES = 1_000;

/** Where the inbox ends now. Take it before anything else is loaded, then apply the events after it. */
export async function currentCursor(http: Http): Promise<Cursor> {
  return cursorOf((await http.ask<CurrentCursor>("GET", "/v1/cursor")).cursor);
}

/**
 * All pages of conversations, the latest first; of each so many `members` (the others of late) and newest `events`. A
 * page may hold fewer than asked for, or none.
 */
export async function* conversationPages(
  http: Http,
  most: { limit: number; members: number; events: number },
): AsyncGenerator<View[]> {
  let before: string | null = null;
  for (let count = 0; count < PAGES; count += 1) {
    const { limit, members, events } = most;
    const size = { limit: String(limit), members: String(members), events: String(events) };
    const query = new URLSearchParams({ ...size, ...(before === null ? {} : { before }) });
    const page: { conversations: View[]; next: string | null } = await http.ask("GET", `/v1/conversations?${query}`);
    yield page.conversations;
    if (page.next === null) return;
    before = page.next;
  }
}

/** All items of a list that is asked for with `after`. */
export async function wholeList<T>(http: Http, path: string, limit = 200): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  for (let count = 0; count < PAGES; count += 1) {
    const query = new URLSearchParams({ limit: String(limit), ...(after === null ? {} : { after }) });
    const page: { items: T[]; next: string | null } = await http.ask("GET", `${path}?${query}`);
    items.push(...page.items);
    if (page.next === null || page.items.length === 0) break;
    after = page.next;
  }
  return items;
}

/** A page of a conversation's events, rising; `quoted`: what they answer and is not among them, as it is now. */
export async function eventPage(
  http: Http,
  conversation: string,
  asked: Asked,
): Promise<{ events: KeptEvent[]; head: number; quoted?: KeptEvent[] }> {
  const at = asked.side === "newest" ? null : asked.side === "at" ? asked.at : asked.number;
  const where: Record<string, string> = at === null ? {} : { [asked.side]: String(at) };
  const query = new URLSearchParams({ ...where, limit: String(asked.limit) });
  const path = `/v1/conversations/${encodeURIComponent(conversation)}/messages?${query}`;
  return http.ask<EventPage>("GET", path);
}

/** A conversation with all its members. */
export function conversationView(http: Http, conversation: string): Promise<View> {
  return http.ask<View>("GET", `/v1/conversations/${encodeURIComponent(conversation)}`);
}
