/** Something that needs the server, before a session can be: tried until it is done. */
import { ApiError, Backoff, pause, type Standing, Unreachable } from "@chinwag/client";

/** Do `work`, again and again while the server is away; at once when `hurry` says so. Fails with whatever is not the server's being away. */
export async function untilAnswered(
  work: () => Promise<void>,
  tell: (standing: Standing) => void,
  over: () => boolean,
  hurry: () => AbortSignal,
): Promise<void> {
  const backoff = new Backoff();
  while (!over()) {
    try {
      await work();
      return;
    } catch (error) {
      const away = error instanceof Unreachable || (error instanceof ApiError && error.retryable);
      if (!away) throw error;
      const after = 1000 * (error instanceof ApiError ? (error.retryAfter ?? 0) : 0);
      const delay = backoff.next();
      const code = error instanceof ApiError ? error.code : "unreachable";
      tell({ state: "offline", transport: null, nextTry: Math.round(Date.now() + after + delay), code });
      // What the server asked for is waited whatever happens; the rest, until something hints that it is there.
      await pause(after);
      await pause(delay, hurry());
      tell({ state: "connecting", transport: null, nextTry: null, code });
    }
  }
}
