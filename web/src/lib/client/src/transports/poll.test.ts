import { expect, it, vi } from "vitest";
import { Http } from "../http.js";
import { openPoll } from "./poll.js";

const PAGE = { cursor: "1.1", reset: null, events: [{ position: 1, event: { kind: "unknown" } }] };

function refused(after: number): Response {
  const problem = { code: "rate_limited", detail: "later", retryable: true, retry_after: after };
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(problem), { status: 429, headers });
}

/** A server that gives the same page again and again; what is asked of it. */
function polled(
  answers: Response[],
  stored: () => Promise<void>,
): { asked: string[]; frame: ReturnType<typeof vi.fn>; ended: ReturnType<typeof vi.fn> } {
  const asked: string[] = [];
  const http = new Http("", (input, init) => {
    asked.push(typeof input === "string" ? input : "");
    const answer = answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => {
        reject(new TypeError("aborted"));
      });
    });
  });
  const [frame, ended] = [vi.fn(), vi.fn()];
  openPoll({ http, token: "", cursor: "1.0", client: "", stored }, { frame, heard: () => undefined, ended });
  return { asked, frame, ended };
}

it("asks with a cursor only once everything up to there is kept", async () => {
  let kept = (): void => undefined;
  const stored = new Promise<void>((resolve) => {
    kept = resolve;
  });
  const { asked, frame } = polled([Response.json(PAGE)], () => stored);
  await vi.waitFor(() => {
    expect(frame).toHaveBeenCalledTimes(2);
  });
  // It would have asked in the same breath.
  await new Promise((resolve) => setTimeout(resolve));
  expect(asked).toEqual(["/v1/sync?wait=0&after=1.0"]);
  kept();
  await vi.waitFor(() => {
    expect(asked).toEqual(["/v1/sync?wait=0&after=1.0", "/v1/sync?wait=25&after=1.1"]);
  });
});

it("waits as it is told to, asks again with the same cursor, and goes on", async () => {
  const { asked, ended } = polled([refused(0.01), Response.json(PAGE)], () => Promise.resolve());
  await vi.waitFor(() => {
    expect(asked).toHaveLength(3);
  });
  expect(asked.slice(0, 2)).toEqual(["/v1/sync?wait=0&after=1.0", "/v1/sync?wait=0&after=1.0"]);
  expect(ended).not.toHaveBeenCalled();
});

it("ends where it is told to stay away for long", async () => {
  const { ended } = polled([refused(60)], () => Promise.resolve());
  await vi.waitFor(() => {
    expect(ended).toHaveBeenCalledWith({ code: "rate_limited", after: 60 });
  });
});
