/** A device's access token, renewed in time; at most one renewal at a time. */
import type { SessionTokens } from "./generated/chinwag.js";
import type { Http, Tokens } from "./http.js";
import { ApiError, LoggedOut, OVER, Unreachable } from "./problem.js";

const EARLY = 60_000;
/** Until a renewal counts as unanswered. Whoever needs the token waits for it, and begins again sooner than that. */
const TIMEOUT = 10_000;

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
  private asking = new AbortController();
  private refusal: { error: ApiError; until: number } | null = null;

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

  hurry(): void {
    this.asking.abort();
  }

  private async exchange(): Promise<string> {
    // The server asked to be left alone for a while: whoever needs the token is told how much of it is left.
    if (this.refusal !== null && this.refusal.until > performance.now()) {
      const { error, until } = this.refusal;
      throw new ApiError(error.code, error.message, error.retryable, (until - performance.now()) / 1000);
    }
    try {
      const tokens = await this.ask();
      await this.renewal.renewed(tokens);
      this.token = tokens.access_token;
      this.goodUntil = this.end(tokens);
      return this.token;
    } catch (error) {
      if (error instanceof ApiError && (OVER.has(error.code) || error.code === "wrong_session")) {
        throw new LoggedOut(error.code);
      }
      if (error instanceof ApiError)
        this.refusal = { error, until: performance.now() + 1000 * (error.retryAfter ?? 0) };
      throw error;
    }
  }

  /** Ask, and at once again when the network may be back: the same attempt gives the same successor, whoever asks. */
  private async ask(): Promise<SessionTokens> {
    const body = await this.renewal.body();
    for (;;) {
      const { signal } = (this.asking = new AbortController());
      try {
        const wish = { body, signal, timeout: TIMEOUT };
        return await this.http.ask<SessionTokens>("POST", "/v1/sessions/refresh", wish);
      } catch (error) {
        if (!signal.aborted || !(error instanceof Unreachable)) throw error;
      }
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
