/** Who is logged in, and asking the server for them: by the refresh token's cookie, as the engine does. */
import { Http } from "../../lib/client/src/http.js";
import { RenewedTokens } from "../../lib/client/src/tokens.js";
import { CookieRenewal } from "../../lib/engine/cookie-renewal.js";
import { currentSession, type SessionRecord } from "../../lib/engine/store/session.js";

/** Milliseconds in which the browser says who is logged in. Its database may be held up for good by whoever has it open. */
const PATIENCE = 3_000;

/** Whoever is logged in; null: nobody; undefined: the browser does not say. */
export async function whoever(): Promise<SessionRecord | null | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  return Promise.race([currentSession().catch(() => undefined), late]).finally(() => {
    clearTimeout(timer);
  });
}

/** Asks in the name of a session. The access token lies in memory alone, for as long as the worker lives. */
export function serverOf(session: SessionRecord): Http {
  const http = new Http("");
  http.authorise(new RenewedTokens(new Http(""), new CookieRenewal(session), null));
  return http;
}
