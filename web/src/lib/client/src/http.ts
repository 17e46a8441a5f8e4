/** HTTP to a Chinwag server: typed answers, every failure an `ApiError`, `Unreachable` or `LoggedOut`. */
import { Backoff } from "./backoff.js";
import { ApiError, LoggedOut, ofAnswer, OVER, Unreachable } from "./problem.js";

/** Longer than the server waits for its own answer, so that it is the server that says what went wrong. */
const TIMEOUT = 25_000;
/** The longest wait of the server's that is waited here. */
const LONGEST = 10_000;
/** Tries of a request whose repetition is harmless. */
const ATTEMPTS = 4;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Wish {
  body?: unknown;
  /** In place of `body`: bytes as they are, whose type stands in `headers`. */
  raw?: Blob;
  /** The `Idempotency-Key`: with it a POST can be made again. */
  key?: string;
  /** Made once, whatever happens. */
  once?: boolean;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Milliseconds until the whole answer must be there. */
  timeout?: number;
}

/** Gives access tokens. Both fail with `LoggedOut`, `Unreachable` or `ApiError`. */
export interface Tokens {
  /** One with some time left. */
  access(): Promise<string>;
  /** One other than `refused`, which the server did not take. */
  renew(refused: string): Promise<string>;
  /** The network may be back: what is being asked for on a silent one is asked for anew. */
  hurry?(): void;
}

export type Fetch = typeof fetch;

export class Http {
  /** Without a slash at its end; empty: the page's own origin. */
  readonly url: string;
  private readonly fetch: Fetch;
  private tokens: Tokens | null = null;
  private urgent = new AbortController();
  private clock: { server: number; local: number; exact: boolean } | null = null;

  constructor(url: string, fetcher: Fetch = (input, init) => fetch(input, init)) {
    this.url = url.replace(/\/+$/, "");
    this.fetch = fetcher;
  }

  /** Ask with these from now on. */
  authorise(tokens: Tokens | null): void {
    this.tokens = tokens;
  }

  /** The network may be back: what can be asked again harmlessly, and waits on a silent one, is asked again at once. */
  hurry(): void {
    this.urgent.abort();
    this.urgent = new AbortController();
  }

  /** How far the server's clock is ahead of this one, in milliseconds; 0 until it answered. Good to a second. */
  get ahead(): number {
    return this.clock === null ? 0 : this.clock.server - this.clock.local;
  }

  /** The server said what time it is, in milliseconds since 1970. */
  clockIs(server: number): void {
    this.clock = { server, local: Date.now(), exact: true };
  }

  /** Ask, and read the answer as JSON. Null for an answer without a body. Repeats where that is harmless. */
  async ask<T>(method: Method, path: string, wish: Wish = {}): Promise<T> {
    const harmless = !wish.once && (method !== "POST" || wish.key !== undefined) && method !== "PATCH";
    const backoff = new Backoff();
    for (let attempt = 1; ; attempt += 1) {
      const urgent = this.urgent.signal;
      try {
        return await this.askOnce<T>(method, path, harmless ? { ...wish, signal: either(wish.signal, urgent) } : wish);
      } catch (error) {
        const again = error instanceof Unreachable || (error instanceof ApiError && error.retryable);
        if (!harmless || !again || attempt >= ATTEMPTS || wish.signal?.aborted) throw error;
        const after = 1000 * (error instanceof ApiError ? (error.retryAfter ?? 0) : 0);
        // Whoever must wait so long is told, and not kept waiting.
        if (after > LONGEST) throw error;
        await pause(backoff.next(after), after > 0 ? wish.signal : either(wish.signal, urgent));
      }
    }
  }

  /** Ask with a token, renewing it once if it is not taken. The answer is a good one. */
  async answer(method: Method, path: string, wish: Wish = {}): Promise<Response> {
    if (this.tokens === null) return this.bare(method, path, wish, null);
    const token = await this.tokens.access();
    try {
      return await this.bare(method, path, wish, token);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== "token_expired" && error.code !== "unauthenticated") throw lost(error);
      return await this.bare(method, path, wish, await this.tokens.renew(token)).catch((again: unknown) => {
        throw again instanceof ApiError ? lost(again) : again;
      });
    }
  }

  private async askOnce<T>(method: Method, path: string, wish: Wish): Promise<T> {
    const timeout = AbortSignal.timeout(wish.timeout ?? TIMEOUT);
    const signal = either(wish.signal, timeout);
    const answer = await this.answer(method, path, { ...wish, signal });
    if (answer.status === 204) return null as T;
    try {
      const text = await answer.text();
      return (text === "" ? null : JSON.parse(text)) as T;
    } catch (error) {
      throw new Unreachable(`the answer to ${method} ${path} broke off`, { cause: error });
    }
  }

  private async bare(method: Method, path: string, wish: Wish, token: string | null): Promise<Response> {
    const headers = new Headers(wish.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (wish.body !== undefined) headers.set("content-type", "application/json");
    if (wish.key !== undefined) headers.set("idempotency-key", wish.key);
    const options: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" };
    if (wish.body !== undefined) options.body = JSON.stringify(wish.body);
    else if (wish.raw !== undefined) options.body = wish.raw;
    if (wish.signal !== undefined) options.signal = wish.signal;
    let answer: Response;
    try {
      answer = await this.fetch(this.url + path, options);
    } catch (error) {
      throw new Unreachable(`no answer to ${method} ${path}`, { cause: error });
    }
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date) && !this.clock?.exact) this.clock = { server: date, local: Date.now(), exact: false };
    if (!answer.ok) throw await ofAnswer(answer);
    return answer;
  }
}

/** A refusal of a request that shows a good token: of some, that the device is no more. */
function lost(error: ApiError): ApiError | LoggedOut {
  const over = OVER.has(error.code) && error.code !== "wrong_login" && error.code !== "no_account";
  return over && error.code !== "no_device" ? new LoggedOut(error.code) : error;
}

function either(first: AbortSignal | undefined, second: AbortSignal): AbortSignal {
  return first === undefined ? second : AbortSignal.any([first, second]);
}

/** Wait; less long if `signal` says so. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
}
