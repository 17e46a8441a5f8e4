/** A device's access token, renewed in time; at most one renewal at a time. */
import type { SessionTokens } from "./generated/chinwag.js";
import type { Http, Tokens } from "./http.js";
import { ApiError, LoggedOut, OVER } from "./problem.js";

const EARLY = 60_000;

/** What a renewal asks for, and what it learns. */
export interface Renewal {
  /** The body of `POST /v1/sessions/refresh`, the same for as long as no answer came. */
  body(): Promise<unknown>;
  /** The answer. It is kept, if it must be, before anything is done with it. */
  renewed(tokens: SessionTokens): Promise<void>;
}

/** The access token is in memory alone, in this object. */
export class RenewedTokens implements Tokens {
  private readonly http: Http;
  private readonly renewal: Renewal;
  private token: string;
  private goodUntil: number;
  private renewing: Promise<string> | null = null;

  /** `tokens`: of the log-in; null: the first use renews. `http` must ask without tokens of its own. */
  constructor(http: Http, renewal: Renewal, tokens: SessionTokens | null) {
    this.http = http;
    this.renewal = renewal;
    this.token = tokens?.access_token ?? "";
    this.goodUntil = tokens === null ? 0 : this.end(tokens);
  }

  access(): Promise<string> {
    return Date.now() < this.goodUntil - EARLY ? Promise.resolve(this.token) : this.renew(this.token);
  }

  renew(refused: string): Promise<string> {
    if (this.token !== refused) return Promise.resolve(this.token);
    this.renewing ??= this.exchange().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private async exchange(): Promise<string> {
    try {
      // The same attempt gives the same successor: asking again harms nobody.
      const body = await this.renewal.body();
      const tokens = await this.http.ask<SessionTokens>("POST", "/v1/sessions/refresh", { body });
      await this.renewal.renewed(tokens);
      this.token = tokens.access_token;
      this.goodUntil = this.end(tokens);
      return this.token;
    } catch (error) {
      if (error instanceof ApiError && (OVER.has(error.code) || error.code === "wrong_session")) {
        throw new LoggedOut(error.code);
      }
      throw error;
    }
  }

  /** The end by this machine's clock, which may be wrong: what counts is how long the token lasts. */
  private end(tokens: SessionTokens): number {
    return tokens.access_expires_at - this.http.ahead;
  }
}

/** For programs: the refresh token in memory. Who has it is the device. */
export class InMemory implements Renewal {
  private token: string;
  private attempt: string | null = null;

  constructor(tokens: SessionTokens) {
    this.token = tokens.refresh_token;
  }

  body(): Promise<unknown> {
    this.attempt ??= randomName();
    return Promise.resolve({ refresh_token: this.token, attempt: this.attempt });
  }

  renewed(tokens: SessionTokens): Promise<void> {
    this.token = tokens.refresh_token;
    this.attempt = null;
    return Promise.resolve();
  }
}

/** A name that nobody else has: 128 random bits. Also where the address is not secure, and `randomUUID` is missing. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
