/** What screens may use of the engine for pushes to this browser; a part of `api.ts`. All fails with a `Failure`. */
import type { WebSubscription } from "./web-subscription.js";

/** Which kinds of pushes the server has. */
export interface PushKinds {
  /** Null: it pushes to no browser. */
  web: { /** Its public key, in base 64 for URLs. */ key: string } | null;
}

export interface Pushes {
  pushKinds(): Promise<PushKinds>;
  /** The browser's subscription as the server has it of this device; null: it has none. */
  pushSubscription(): Promise<{ endpoint: string } | null>;
  subscribePush(subscription: WebSubscription): Promise<void>;
  unsubscribePush(): Promise<void>;
  /** Have the server push something to this device, so that the person sees that it arrives. */
  testPush(): Promise<void>;
  /** Told when the server has lost this device's subscription: there must be a new one. */
  onPushGone(run: () => void): () => void;
}
