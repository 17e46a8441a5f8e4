import { expect, it } from "vitest";
import { Http } from "../http.js";
import { openPoll } from "./poll.js";
import type { End, Listener } from "./transport.js";

const PAGE = { cursor: "1.1", reset: null, events: [{ position: 1, event: { kind: "unknown" } }], nudges: [] };

function refused(after: number): Response {
  const problem = { code: "rate_limited", detail: "later", retryable: true, retry_after: after };
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(problem), { status: 429, headers });
}

/** A list that says when it has so many: nothing is asked again and again, however slow the machine is. */
class Told<T> {
  readonly all: T[] = [];
  private waiting: { count: number; told: () => void }[] = [];

  add(one: T): void {
    this.all.push(one);
    for (const { count, told } of this.waiting) if (count <= this.all.length) told();
  }

  has(count: number): Promise<void> {
    if (this.all.length >= count) return Promise.resolve();
    return new Promise((told) => this.waiting.push({ count, told }));
  }
}

/** A server that gives `answers` one after the other, and then waits; what is asked of it, heard, and how it ended. */
function polled(
  answers: Response[],
  stored: () => Promise<void>,
): { asked: Told<string>; frames: Told<unknown>; ended: Told<End> } {
  const [asked, frames, ended] = [new Told<string>(), new Told<unknown>(), new Told<End>()];
  const http = new Http("", (input, init) => {
    asked.add(typeof input === "string" ? input : "");
    const answer = answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => {
        reject(new TypeError("aborted"));
      });
    });
  });
  const listener: Listener = {
    frame: (frame) => {
      frames.add(frame);
    },
    heard: () => undefined,
    ended: (end) => {
      ended.add(end);
    },
  };
  openPoll({ http, token: "", cursor: "1.0", client: "", stored }, listener);
  return { asked, frames, ended };
}

it("asks with a cursor only once everything up to there is kept", async () => {
  let kept = (): void => undefined;
  const stored = new Promise<void>((resolve) => {
    kept = resolve;
  });
  const { asked, frames } = polled([Response.json(PAGE)], () => stored);
  await frames.has(2);
  // It would have asked in the same breath.
  await new Promise((resolve) => setTimeout(resolve));
  expect(asked.all).toEqual(["/v1/sync?wait=0&follow=true&after=1.0"]);
  kept();
  await asked.has(2);
  expect(asked.all).toEqual(["/v1/sync?wait=0&follow=true&after=1.0", "/v1/sync?wait=25&follow=true&after=1.1"]);
});

it("waits as it is told to, asks again with the same cursor, and goes on", async () => {
  const { asked, ended } = polled([refused(0.01), Response.json(PAGE)], () => Promise.resolve());
  await asked.has(3);
  expect(asked.all).toEqual([
    "/v1/sync?wait=0&follow=true&after=1.0",
    "/v1/sync?wait=0&follow=true&after=1.0",
    "/v1/sync?wait=25&follow=true&after=1.1",
  ]);
  expect(ended.all).toEqual([]);
});

it("ends where it is told to stay away for long", async () => {
  const { ended } = polled([refused(60)], () => Promise.resolve());
  await ended.has(1);
  expect(ended.all).toEqual([{ code: "rate_limited", after: 60 }]);
});
