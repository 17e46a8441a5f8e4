/** The browser's subscription, where no window of the app looks after it. */
import { subscribed, webOf } from "../../lib/engine/web-subscription.js";
import { serverOf, whoever } from "./session.js";

/** The browser replaced the subscription, or lost it: tell the server the one that holds. Fails as requests do. */
export async function renew(manager: PushManager, fresh: PushSubscription | null): Promise<void> {
  const session = await whoever();
  if (!session) return;
  const http = serverOf(session);
  const { web } = await http.ask<{ web: { key: string } | null }>("GET", "/v1/push");
  if (web === null) return;
  const wanted = fresh === null ? await subscribed(manager, web.key) : webOf(fresh);
  await http.ask("PUT", "/v1/push/subscription", { body: { web: wanted } });
}

/** Nobody is here any more whom it told. */
export async function end(manager: PushManager): Promise<void> {
  await (await manager.getSubscription())?.unsubscribe();
}
