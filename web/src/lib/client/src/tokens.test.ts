import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Http } from "./http.js";
import { RenewedTokens } from "./tokens.js";

const TOKENS = { access_token: "fresh", access_expires_at: 4e12 };

/** A network of which each request gets the next answer; null: none at all. */
function network(answers: (Response | null)[]): { http: Http; asked: () => number; first: Promise<void> } {
  let asked = 0;
  let begun: () => void;
  const first = new Promise<void>((resolve) => (begun = resolve));
  const http = new Http("", (_, init) => {
    const answer = answers[asked] ?? null;
    asked += 1;
    begun();
    if (answer !== null) return Promise.resolve(answer);
    return new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => {
        reject(new TypeError("aborted"));
      });
    });
  });
  return { http, asked: () => asked, first };
}

const renewal = { body: () => Promise.resolve({ attempt: "one" }), renewed: () => Promise.resolve() };

describe("a renewal", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("on a silent network is asked for anew when the network may be back, and all who wait get its token", async () => {
    const { http, asked, first } = network([null, Response.json(TOKENS)]);
    const tokens = new RenewedTokens(http, renewal, null);
    const both = Promise.all([tokens.access(), tokens.access()]);
    await first;
    tokens.hurry();
    expect(await both).toEqual(["fresh", "fresh"]);
    expect(asked()).toBe(2);
  });

  it("is not asked for before the time that the server named", async () => {
    const problem = { code: "rate_limited", detail: "later", retryable: true, retry_after: 30 };
    const headers = { "content-type": "application/problem+json" };
    const refused = new Response(JSON.stringify(problem), { status: 429, headers });
    const { http, asked } = network([refused, Response.json(TOKENS)]);
    const tokens = new RenewedTokens(http, renewal, null);
    await expect(tokens.access()).rejects.toMatchObject({ code: "rate_limited", retryAfter: 30 });
    vi.advanceTimersByTime(20_000);
    tokens.hurry();
    await expect(tokens.access()).rejects.toMatchObject({ code: "rate_limited", retryAfter: 10 });
    expect(asked()).toBe(1);
    vi.advanceTimersByTime(10_001);
    expect(await tokens.access()).toBe("fresh");
  });
});
