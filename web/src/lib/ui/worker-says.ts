/** What the service worker says to the app's windows. */
export type FromServiceWorker =
  /** A notification was clicked: go there. */
  | { type: "open"; path: string }
  /** Is this conversation of this account open here? The answer, a boolean, goes to the port that came along. */
  | { type: "shows"; account: string; conversation: string };
