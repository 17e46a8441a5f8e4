/** Renewing by the refresh token's cookie, which no script sees. */
import type { Renewal } from "@chinwag/client";
import type { SessionRecord } from "./store/session.js";

/** One attempt for as long as the log-in lasts, and the device, so that another's cookie is not taken for this one's. */
export class CookieRenewal implements Renewal {
  private readonly session: SessionRecord;

  constructor(session: SessionRecord) {
    this.session = session;
  }

  body(): Promise<unknown> {
    return Promise.resolve({ attempt: this.session.attempt, device: this.session.device });
  }

  renewed(): Promise<void> {
    return Promise.resolve();
  }
}
