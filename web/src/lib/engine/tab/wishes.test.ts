import type { KeptEvent, MessageEvent } from "@chinwag/client";
import { expect, it } from "vitest";
import type { OutboxRecord } from "../store/records.js";
import { asWished, type Wish, wishesOf } from "./wishes.js";

const ME = "1";
const ID = "g~1";
const SENT: KeptEvent = {
  ...{ kind: "message", conversation: ID, number: 7, ordinal: 7, from: ME, device: "d", id: "m7", sent_at: 1 },
  ...{ body: { type: "text", text: "a slip" }, edited: { number: 9, at: 2 }, mentioned: ["2"] },
};

function line(order: number, frame: Record<string, unknown>, refused: string | null = null): OutboxRecord {
  const id = `l${order}`;
  const rest = { order, id, conversation: ID, device: "d", at: order, since: 0, refused, placed: null };
  return { ...rest, frame: { id, conversation: ID, ...frame } as OutboxRecord["frame"] };
}

const edit = (order: number, text: string, refused: string | null = null): OutboxRecord =>
  line(order, { type: "edit", number: 7, body: { type: "text", text } }, refused);
const erase = (order: number, refused: string | null = null): OutboxRecord =>
  line(order, { type: "delete", number: 7 }, refused);

function wished(event: KeptEvent, ...lines: OutboxRecord[]): ReturnType<typeof asWished> {
  return asWished(event, wishesOf(lines).get(event.number) ?? [], ME);
}

it("shows the words that one asked for last, and to whom the message speaks", () => {
  const { event, pending } = wished(SENT, edit(1, "one"), edit(2, "two"));
  expect(event).toMatchObject({ number: 7, body: { text: "two" }, edited: { at: 2 }, mentioned: ["2"] });
  expect(pending).toEqual({ kind: "edit", id: "l2", text: "two", refused: null });
});

it("shows none of its words once its deletion is asked for", () => {
  const reacted = { ...SENT, reactions: [{ reaction: "👍", count: 1, by: ["2"], mine: false }] };
  const { event, pending } = wished(reacted, edit(1, "first try"), erase(2), edit(3, "too late"));
  expect(JSON.stringify(event)).not.toMatch(/try|late|slip|👍/);
  expect((event as MessageEvent).deleted?.by).toBe(ME);
  expect(pending?.kind).toBe("edit");
});

it("is as it is kept when all that was asked for is refused, and says why", () => {
  const { event, pending } = wished(SENT, edit(1, "one", "too_late"));
  expect(event).toBe(SENT);
  expect(pending).toEqual({ kind: "edit", id: "l1", text: "one", refused: "too_late" });
  // another try is what holds
  expect(wished(SENT, edit(1, "one", "too_late"), erase(2)).pending).toMatchObject({ kind: "delete", refused: null });
});

it("leaves alone what is deleted already, notices, and messages of which nothing was asked", () => {
  const gone: KeptEvent = { ...SENT, body: { type: "deleted" }, deleted: { number: 10, by: ME, at: 3 } } as KeptEvent;
  expect(wished(gone, edit(1, "one", "unavailable"))).toEqual({ event: gone, pending: null });
  expect(wished(SENT)).toEqual({ event: SENT, pending: null });
  const send = line(3, { type: "send", body: { type: "text", text: "x" } });
  const wishes: ReadonlyMap<number, readonly Wish[]> = wishesOf([send]);
  expect(wishes.size).toBe(0);
});
