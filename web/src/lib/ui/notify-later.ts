/**
 * Fetches what shows notifications (`notify.ts`) when it is needed: the first view does not wait for it. What comes until
 * then is kept, the newest of each conversation.
 */
import type { Engine, News } from "../engine/api.js";

/** Listen until the returned function is called. */
export function announceLater(engine: Engine): () => void {
  const early = new Map<string, News>();
  let asked = false;
  let over = false;
  let stop = engine.onNews((news) => early.set(news.conversation, news));
  const stopSession = engine.session.subscribe(({ state }) => {
    // At the door there may be some to take away, of whoever was here before: but on a first visit there is none.
    const none = typeof Notification === "undefined" || Notification.permission !== "granted";
    if (asked || state === "starting" || (state === "out" && none)) return;
    asked = true;
    import("./notify.js").then(
      ({ announce }) => {
        if (over) return;
        stop();
        stop = announce(engine, early.values());
      },
      () => (asked = false),
    );
  });
  return () => {
    over = true;
    stopSession();
    stop();
  };
}
