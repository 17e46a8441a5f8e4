/** A browser's push subscription, as the server takes it (`PUT /v1/push/subscription`). */
import type { WebSubscription } from "../client/src/generated/chinwag.js";

/** Milliseconds in which a browser has to get a subscription of its push service. Some wait for ever for one. */
export const SUBSCRIBING = 20_000;

/** The browser's push service gave no subscription. */
export class NoSubscription extends Error {
  override readonly name = "NoSubscription";
}

/**
 * Subscribe with the server's key, in base 64 for URLs. One with another key goes first: a browser holds one alone.
 * Fails with `NoSubscription`. */
export async function subscribed(manager: PushManager, key: string): Promise<WebSubscription> {
  try {
    const held = await manager.getSubscription();
    if (held !== null && keyOf(held) !== key) await held.unsubscribe();
    const options = { userVisibleOnly: true, applicationServerKey: key };
    return webOf(await within(manager.subscribe(options), SUBSCRIBING));
  } catch (error) {
    throw error instanceof NoSubscription ? error : new NoSubscription("the browser gave none", { cause: error });
  }
}

/** What the server needs of a subscription. */
export function webOf(subscription: PushSubscription): WebSubscription {
  const { endpoint, keys } = subscription.toJSON();
  const { p256dh, auth } = keys ?? {};
  if (endpoint === undefined || p256dh === undefined || auth === undefined) {
    throw new NoSubscription("the browser tells no address or keys");
  }
  const key = keyOf(subscription);
  return { endpoint, p256dh, auth, ...(key === null ? {} : { key }) };
}

/** The server's key with which the browser subscribed, in base 64 for URLs; null: it does not tell. */
export function keyOf(subscription: PushSubscription): string | null {
  const key = subscription.options.applicationServerKey;
  if (key === null) return null;
  const bytes = String.fromCharCode(...new Uint8Array(key));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function within<T>(work: Promise<T>, patience: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NoSubscription("the browser's push service does not answer"));
    }, patience);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}
