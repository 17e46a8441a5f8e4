/** Every event of a conversation after a number, page by page. */
import type { EventPage } from "./generated/chinwag.js";
import type { Http } from "./http.js";

/** Events of one page. */
const PAGE = 200;

/**
 * A page of them. `wait`: seconds that the server may wait for the first one, in a large group. With `far` it holds none:
 * more lies between than is given.
 */
export function changesAfter(
  http: Http,
  conversation: string,
  after: number,
  wait = 0,
  signal?: AbortSignal,
): Promise<EventPage> {
  const query = new URLSearchParams({
    after: String(after),
    limit: String(PAGE),
    ...(wait ? { wait: `${wait}` } : {}),
  });
  const path = `/v1/conversations/${encodeURIComponent(conversation)}/changes?${query.toString()}`;
  const timeout = wait > 0 ? { timeout: (wait + 10) * 1000, once: true } : {};
  return http.ask<EventPage>("GET", path, { ...timeout, ...(signal === undefined ? {} : { signal }) });
}
