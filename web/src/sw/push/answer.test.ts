import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CHANNEL, join, type Message, VERSION } from "../../lib/engine/messages.js";
import { AccountDatabase, wipe } from "../../lib/engine/store/database.js";
import { addLine, lines } from "../../lib/engine/store/personal.js";
import { endSession, keepSession, type SessionRecord } from "../../lib/engine/store/session.js";
import { answer } from "./answer.js";

/** Milliseconds after which a wait fails the test. Nothing is decided by them. */
const PATIENCE = 60_000;

const SESSION = { me: { id: "1", name: "anna" }, device: "7", attempt: "a" } as SessionRecord;
const TOLD = { path: "/c/c/3", account: "1", conversation: "c", number: 3, edited: 0, wordless: false };

interface Asked {
  path: string;
  body: unknown;
  key: string | null;
}

let asked: Asked[];
/** What the server answers to a message. */
let answers: () => Response;
let database: AccountDatabase;

function problem(status: number, code: string, retryable: boolean): Response {
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify({ code, retryable, title: code }), { status, headers });
}

beforeEach(async () => {
  asked = [];
  answers = () => Response.json({ conversation: "c", number: 4, position: 9 });
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    const text = typeof init.body === "string" ? init.body : "null";
    asked.push({ path, body: JSON.parse(text), key: new Headers(init.headers).get("idempotency-key") });
    if (path === "/v1/sessions/refresh") {
      return Promise.resolve(Response.json({ access_token: "t", access_expires_at: Date.now() + 600_000 }));
    }
    return Promise.resolve(path.endsWith("/messages") ? answers() : new Response(null, { status: 202 }));
  });
  await keepSession(SESSION);
  database = new AccountDatabase("1", { slow: () => undefined, outdated: () => undefined });
});

afterEach(async () => {
  database.close();
  await wipe("1");
  await endSession("7", true);
  vi.unstubAllGlobals();
});

it("is sent as a line of the outbox, and marks what it answers as read", async () => {
  expect(await answer(TOLD, "we shall")).toBe("sent");
  const [line] = await lines(database);
  expect(line).toMatchObject({ conversation: "c", device: "7", placed: 4, refused: null });
  expect(line?.frame).toMatchObject({ type: "send", body: { type: "text", text: "we shall" } });
  expect(asked.map((one) => one.path)).toEqual([
    "/v1/sessions/refresh",
    "/v1/conversations/c/messages",
    "/v1/conversations/c/read",
  ]);
  expect(asked[0]?.body).toEqual({ attempt: "a", device: "7" });
  // The same id as the engine would send it with: twice on its way it is placed once.
  expect(asked[1]?.key).toBe(line?.id);
  expect(asked[2]?.body).toEqual({ number: 3 });
});

it("is kept when no server answers", async () => {
  answers = () => {
    throw new TypeError("no network");
  };
  expect(await answer(TOLD, "later")).toBe("waits");
  expect(await lines(database)).toMatchObject([{ placed: null, refused: null }]);
});

it("is kept when the server has too much to do", async () => {
  answers = () => problem(429, "rate_limited", true);
  expect(await answer(TOLD, "later")).toBe("waits");
  expect(await lines(database)).toMatchObject([{ placed: null, refused: null }]);
});

it("stands in the app with the reason when it was refused", async () => {
  answers = () => problem(403, "not_member", false);
  expect(await answer(TOLD, "never")).toBe("refused");
  expect(await lines(database)).toMatchObject([{ placed: null, refused: "not_member" }]);
});

it("goes after what was written before it, and so not yet", async () => {
  const frame = { type: "send" as const, id: "first", conversation: "c", body: { type: "text" as const, text: "1" } };
  await addLine(database, { conversation: "c", device: "7", frame, at: 1, since: 2 });
  expect(await answer(TOLD, "second")).toBe("waits");
  expect(asked).toEqual([]);
  expect(await lines(database)).toHaveLength(2);
});

it("is left to an engine that leads, which is told of it", async () => {
  const heard: Message[] = [];
  const leader = join(
    CHANNEL,
    (message) => {
      heard.push(message);
      if (message.to === "leader" && message.type === "who") {
        leader.post({ to: "tabs", version: VERSION, leadership: 1, type: "alive" });
      }
    },
    () => undefined,
  );
  try {
    expect(await answer(TOLD, "by the tab")).toBe("sent");
    await vi.waitFor(() => {
      expect(heard.map((one) => one.type)).toEqual(["who", "lines", "marks"]);
    }, PATIENCE);
    expect(asked).toEqual([]);
    expect(await lines(database)).toMatchObject([{ placed: null }]);
  } finally {
    leader.close();
  }
});

it("is of nobody's when another account is here, or none", async () => {
  expect(await answer({ ...TOLD, account: "2" }, "who?")).toBe("none");
  await endSession("7", true);
  expect(await answer(TOLD, "who?")).toBe("none");
  expect(asked).toEqual([]);
});
