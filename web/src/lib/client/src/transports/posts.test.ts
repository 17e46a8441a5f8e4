import { expect, it } from "vitest";
import type { ClientFrame } from "../generated/chinwag.js";
import { Http } from "../http.js";
import { Posts } from "./posts.js";

const ID = "d~1~2";

/** Say it, and wait for the answer: what was asked of the server, and what a socket would have said. */
async function said(frame: ClientFrame, answer: Response): Promise<{ asked: unknown; told: unknown }> {
  let asked: unknown = null;
  const http = new Http("", (input, init) => {
    const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : null;
    const key = new Headers(init?.headers).get("Idempotency-Key");
    asked = { what: `${init?.method ?? ""} ${typeof input === "string" ? input : ""}`, key, body };
    return Promise.resolve(answer);
  });
  return new Promise((resolve) => {
    const listener = { heard: () => undefined, frame: (told: unknown) => { resolve({ asked, told }); } }; // prettier-ignore
    new Posts(http, listener, (code) => {
      resolve({ asked, told: code });
    }).say(frame);
  });
}

const placed = (): Response => Response.json({ conversation: ID, number: 9, sent_at: 5 });

it("gives an edit to the address of its message, in the chain of its device", async () => {
  const body = { type: "text" as const, text: "better" };
  const { asked, told } = await said(
    { type: "edit", id: "e1", conversation: ID, number: 7, body, after: "s0" },
    placed(),
  );
  expect(asked).toEqual({ what: `PUT /v1/conversations/${ID}/messages/7`, key: "e1", body: { body, after: "s0" } });
  expect(told).toEqual({ type: "ack", id: "e1", conversation: ID, number: 9, sent_at: 5 });
});

it("deletes at the same address, also after something else", async () => {
  const frame = { type: "delete" as const, id: "d1", conversation: ID, number: 7 };
  const alone = await said(frame, placed());
  expect(alone.asked).toEqual({ what: `DELETE /v1/conversations/${ID}/messages/7`, key: "d1", body: null });
  const { asked } = await said({ ...frame, after: "e1" }, placed());
  expect(asked).toMatchObject({ what: `DELETE /v1/conversations/${ID}/messages/7?after=e1`, key: "d1" });
});

it("tells a refusal as a socket would, so that the outbox knows whose it is", async () => {
  const problem = { code: "message_deleted", detail: "gone", retryable: false };
  const headers = { "content-type": "application/problem+json" };
  const answer = new Response(JSON.stringify(problem), { status: 409, headers });
  const { told } = await said({ type: "delete", id: "d1", conversation: ID, number: 7 }, answer);
  expect(told).toMatchObject({ type: "error", code: "message_deleted", retryable: false, id: "d1", conversation: ID });
});
