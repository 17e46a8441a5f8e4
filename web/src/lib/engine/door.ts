/** Signing up and logging in: what a worker does before there is an engine. */
import type { Http } from "@chinwag/client";
import { type BeginAnswer, type Me, randomName, type ServerInfo, type SessionTokens } from "@chinwag/client";
import type { DoorWish } from "./messages.js";
import { keepSession, type SessionRecord } from "./store/session.js";

/** What came of a wish at the door. `tokens`: somebody logged in. */
export interface AtDoor {
  gives: unknown;
  session: SessionRecord | null;
  tokens: SessionTokens | null;
}

/** Fails as requests do. The access token goes to the engine alone, the refresh token into a cookie. */
export async function atDoor(http: Http, wish: DoorWish): Promise<AtDoor> {
  switch (wish.act) {
    case "server":
      return { gives: await http.ask<ServerInfo>("GET", "/v1/server"), session: null, tokens: null };
    case "logIn":
      return logIn(http, wish);
    case "begin": {
      const { provider, binding, return_to } = wish;
      const path = `/v1/openid/${encodeURIComponent(provider)}/begin`;
      const { url } = await http.ask<BeginAnswer>("POST", path, { body: { binding, return_to }, once: true });
      return { gives: url, session: null, tokens: null };
    }
    case "logInByProvider": {
      const { code, secret, invitation, device } = wish;
      const openid = { code, secret, ...(invitation ? { invitation } : {}) };
      const body = { login_type: "openid", openid, device, cookie: true };
      return began(await http.ask<SessionTokens>("POST", "/v1/sessions", { body, once: true }));
    }
    case "signUp": {
      const { name, password, device, display_name, invitation } = wish;
      const optional = { ...(display_name ? { display_name } : {}), ...(invitation ? { invitation } : {}) };
      // With a device, one request signs up and logs in; a server that does not know that answers with the account.
      const body = { name, password, ...optional, device, cookie: true };
      const answer = await http.ask<SessionTokens | Me>("POST", "/v1/accounts", { body, once: true });
      return "access_token" in answer ? began(answer) : logIn(http, wish);
    }
  }
}

async function logIn(http: Http, wish: { name: string; password: string; device: string }): Promise<AtDoor> {
  const { name, password, device } = wish;
  const body = { name, password, device, cookie: true };
  return began(await http.ask<SessionTokens>("POST", "/v1/sessions", { body, once: true }));
}

async function began(tokens: SessionTokens): Promise<AtDoor> {
  const session = { me: tokens.account, device: tokens.device, attempt: randomName() };
  await keepSession(session);
  return { gives: null, session, tokens };
}
