import { expect, it } from "vitest";
import { read } from "./payload.js";

const MESSAGE = { v: 1, kind: "message", account: "1", conversation: "d~1~2", number: 7, tag: "t", unread: 3 };

const text = (said: object): string => JSON.stringify(said).padEnd(512);

it("reads a message with its words, and one without", () => {
  expect(read(text({ ...MESSAGE, mentions: 1, title: "Gardeners", sender: "Ben", text: "seeds" }))).toEqual({
    kind: "message",
    account: "1",
    conversation: "d~1~2",
    number: 7,
    unread: 3,
    title: "Gardeners",
    sender: "Ben",
    text: "seeds",
  });
  expect(read(text(MESSAGE))).toMatchObject({ title: "", sender: "", text: "" });
});

it("reads what takes away, counts and tries", () => {
  const common = { v: 1, account: "1", unread: 0 };
  expect(read(text({ ...common, kind: "clear", conversation: "c", number: 4 }))).toEqual({
    kind: "clear",
    account: "1",
    conversation: "c",
    number: 4,
    unread: 0,
    also: [],
  });
  expect(read(text({ ...common, kind: "clear" }))).toMatchObject({ conversation: null, number: 0, also: [] });
  const also = [["c", "tag"], ["", "tag"], "d", [7], ["e", "tag"]];
  expect(read(text({ ...common, kind: "clear", conversation: "c", also }))).toMatchObject({ also: ["c", "e"] });
  expect(read(text({ ...common, kind: "summary", unread: 9 }))).toEqual({ kind: "summary", account: "1", unread: 9 });
  expect(read(text({ ...common, kind: "test" }))).toMatchObject({ kind: "test" });
});

it.each([
  ["nothing", ""],
  ["no JSON", "{"],
  ["no object", "7"],
  ["null", "null"],
  ["a list", "[]"],
  ["another version", text({ ...MESSAGE, v: 2 })],
  ["a kind of later", text({ ...MESSAGE, kind: "call" })],
  ["nobody's", text({ ...MESSAGE, account: "" })],
  ["an account that is no text", text({ ...MESSAGE, account: 1 })],
  ["a message of no conversation", text({ ...MESSAGE, conversation: undefined })],
  ["a message without a number", text({ ...MESSAGE, number: 0 })],
  ["a number that is none", text({ ...MESSAGE, number: "7" })],
])("knows nothing of %s", (_what, said) => {
  expect(read(said)).toBeNull();
});

it("takes no figure that is none, and no text without end", () => {
  for (const unread of [-1, 1.5, 1e300, "3", null, Number.NaN]) {
    expect(read(text({ ...MESSAGE, unread }))).toMatchObject({ unread: 0 });
  }
  const long = read(text({ ...MESSAGE, text: "x".repeat(3_000), sender: 5 }));
  expect(long).toMatchObject({ sender: "" });
  expect(long?.kind === "message" && long.text.length).toBe(300);
});
