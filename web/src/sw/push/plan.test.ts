import { expect, it } from "vitest";
import { type Pushed } from "./payload.js";
import { plan, QUIET, type Shown, SUMMARY, TEST, unknown } from "./plan.js";

const AWAY = { looked: false, insists: false };
const INSISTS = { looked: false, insists: true };

function message(number: number, words: Partial<Extract<Pushed, { kind: "message" }>> = {}): Pushed {
  const said = { title: "", sender: "Ben", text: `text ${number}`, ...words };
  return { kind: "message", account: "1", unread: 2, conversation: "c", number, ...said };
}

function clear(number: number, unread = 1, conversation: string | null = "c", also: string[] = []): Pushed {
  return { kind: "clear", account: "1", unread, conversation, number, also };
}

const shown = (tag: string, number = 0): Shown => ({ tag, data: { number } });

it("shows a message under its conversation's tag, with a way to answer", () => {
  const { show, close, badge } = plan(message(3), [], AWAY);
  expect(show?.title).toBe("Ben");
  expect(show?.options).toMatchObject({ body: "text 3", tag: "c", renotify: true, silent: false });
  expect(show?.options.data).toMatchObject({ path: "/c/c/3", account: "1", conversation: "c", number: 3 });
  expect(show?.options.actions).toHaveLength(1);
  expect([close, badge]).toEqual([[], 2]);
});

it.each([
  [{ title: "Gardeners" }, "Ben in Gardeners", "text 3"],
  [{ title: "Ben" }, "Ben", "text 3"],
  [{ title: "Gardeners", sender: "" }, "Gardeners", "text 3"],
  [{ text: "" }, "Ben", "New message"],
  [{ sender: "", text: "" }, "Chinwag", "New message"],
])("says of %o what it may", (words, title, body) => {
  const { show } = plan(message(3, words), [], AWAY);
  expect([show?.title, show?.options.body]).toEqual([title, body]);
  expect(show?.options.data.wordless).toBe(body === "New message");
});

it("leads to a conversation by an address that its id cannot break", () => {
  const said = { ...message(3), conversation: "a/../b?c#d" } as Pushed;
  expect(plan(said, [], AWAY).show?.options.data.path).toBe("/c/a%2F..%2Fb%3Fc%23d/3");
});

it("tells anew of a later message, quietly of the same one, and of none that was followed", () => {
  expect(plan(message(4), [shown("c", 3)], AWAY).show?.options).toMatchObject({ renotify: true, silent: false });
  const same = plan(message(3), [shown("c", 3)], AWAY).show?.options;
  expect(same).toMatchObject({ silent: true });
  expect(same).not.toHaveProperty("renotify");
  expect(plan(message(2), [shown("c", 3)], AWAY).show).toBeNull();
});

it("shows nothing of what lies before the person", () => {
  expect(plan(message(3), [], { looked: true, insists: false }).show).toBeNull();
});

it("takes away what was read, and nothing that came after it, or is of another conversation", () => {
  const all = [shown("c", 3), shown("other", 3), shown(SUMMARY)];
  expect(plan(clear(3), all, AWAY)).toEqual({ show: null, close: ["c"], badge: 1 });
  expect(plan(clear(2), all, AWAY).close).toEqual([]);
  expect(plan(clear(0), all, AWAY).close).toEqual(["c"]);
  expect(plan(clear(9, 1, null), all, AWAY).close).toEqual([]);
  expect(plan(clear(0, 1, "c", ["c", "other"]), all, AWAY).close).toEqual(["c", "other"]);
});

it("takes all away once nothing is unread", () => {
  const all = [shown("c", 3), shown("other", 3), shown(SUMMARY), shown(TEST)];
  expect(plan(clear(3, 0), all, AWAY)).toEqual({ show: null, close: ["c", "other", SUMMARY, TEST], badge: 0 });
});

it("says quietly that all is read where a browser insists on something, until the next push", () => {
  const { show, close } = plan(clear(3, 0), [shown("c", 3)], INSISTS);
  expect(close).toEqual(["c"]);
  expect(show?.title).toBe("Chinwag");
  expect(show?.options).toMatchObject({ tag: QUIET, silent: true, body: "All read" });
  // While something else is shown, that is enough.
  expect(plan(clear(3), [shown("c", 3), shown("other", 1)], INSISTS).show).toBeNull();
  expect(plan(message(4), [shown(QUIET)], INSISTS).close).toEqual([QUIET]);
  expect(plan(message(2), [shown("c", 3)], INSISTS).show).not.toBeNull();
});

it("counts what came in quiet hours", () => {
  const said = (unread: number): Pushed => ({ kind: "summary", account: "1", unread });
  expect(plan(said(1), [], AWAY).show?.options.body).toBe("1 unread message");
  expect(plan(said(12), [], AWAY).show?.options.body).toBe("12 unread messages");
  expect(plan(said(0), [], AWAY).show?.options.body).toBe("You have new messages.");
});

it("leads from a trial to the settings, and from what it does not know to the list", () => {
  const trial = plan({ kind: "test", account: "1", unread: 0 }, [], AWAY);
  expect(trial.show?.options.data.path).toBe("/settings");
  expect(unknown().options).toMatchObject({ data: { path: "/", conversation: null } });
  expect(unknown().options).not.toHaveProperty("actions");
});
