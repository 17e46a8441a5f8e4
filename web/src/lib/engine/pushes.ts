/** What screens may use of the engine for pushes to this browser; a part of `api.ts`. All fails with a `Failure`. */
import type { PushKinds, PushSubscriptionView, WebSubscription } from "@chinwag/client";

export interface Pushes {
  /** By which services the server pushes. */
  pushKinds(): Promise<PushKinds>;
  /** Where the server pushes to this device; null: nowhere. */
  pushSubscription(): Promise<PushSubscriptionView | null>;
  subscribePush(subscription: WebSubscription): Promise<void>;
  unsubscribePush(): Promise<void>;
  /** Have the server push something to this device, so that the person sees that it arrives. */
  testPush(): Promise<void>;
  /** Rises when the push service has forgotten this device: there must be a new subscription. */
  readonly pushGone: { readonly now: number; subscribe(run: (value: number) => void): () => void };
}
