import { Http, type User } from "@chinwag/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EngineStore } from "../store/engine-store.js";
import { Attention } from "./attention.js";
import { People } from "./people.js";
import { State } from "./state.js";

const TALK = "d~1~2";
const AGAIN = 10_000;

/** Anna (1), her partner (2), and a server that may be away. */
function scene() {
  const at = { asked: [] as string[], away: false, closed: false, members: 0, looks: 0 };
  const kept: User[] = [];
  const http = new Http("", (input) => {
    at.asked.push(input as string);
    if (at.away) return Promise.reject(new TypeError("away"));
    const items = (input as string).includes("presence") ? [] : [{ id: "2", closed: at.closed }];
    return Promise.resolve(new Response(JSON.stringify({ items })));
  });
  const store = {
    keepPeople: (people: User[]) => Promise.resolve(kept.push(...people) > 0),
  } as unknown as EngineStore;
  const state = new State("1");
  const people = new People(http, store, state, { people: () => undefined, presence: () => undefined });
  const failing = (count: "members" | "looks") => (): Promise<void> => {
    at[count] += 1;
    return at.away ? Promise.reject(new Error("away")) : Promise.resolve();
  };
  const attention = new Attention(state, people, { at: failing("looks") }, failing("members"));
  const isKnown = (whole: boolean): void => {
    state.records.set(TALK, { id: TALK, kept: { id: TALK, whole, at: 1, last: { number: 4, from: "" } } } as never);
  };
  return { at, attention, people, kept, isKnown };
}

/** A window says every ten seconds what it shows. */
async function watch(attention: Attention, seconds: number): Promise<void> {
  for (let at = 0; at < 1000 * seconds; at += AGAIN) {
    attention.watched(TALK);
    await vi.advanceTimersByTimeAsync(AGAIN);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("what somebody has before them", () => {
  it("is asked for again while it is looked at, once a minute", async () => {
    const { at, attention, kept, isKnown } = scene();
    isKnown(true);
    await attention.opened(TALK);
    at.closed = true; // and nobody says so
    await watch(attention, 120);
    expect(kept.at(-1)).toMatchObject({ id: "2", closed: true });
    expect(at.asked).toHaveLength(2);
  });

  it("is asked for again soon if nobody answered, and no more often than the window says it", async () => {
    const { at, attention, kept, isKnown } = scene();
    isKnown(false);
    at.away = true;
    await expect(attention.opened(TALK)).rejects.toThrow("away");
    await watch(attention, 40);
    expect(kept).toEqual([]);
    at.away = false;
    await watch(attention, 20);
    expect(kept).toHaveLength(1);
    const { members } = at;
    expect(members).toBeGreaterThan(1);
    await watch(attention, 20);
    expect(at.members).toBe(members);
    // four tries each, and one of each in ten seconds at most
    expect(at.asked.length).toBeLessThanOrEqual(4 * 5 + 1);
  });

  it("is asked for at times where the list shows it, until it is answered", async () => {
    const { at, attention, people, kept, isKnown } = scene();
    isKnown(true);
    at.away = true;
    people.ofList();
    const presence = expect(people.presenceOfList()).rejects.toThrow("no answer");
    attention.inList(TALK, 4);
    await vi.advanceTimersByTimeAsync(60_000);
    await presence;
    const { length } = at.asked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at.asked).toHaveLength(length); // nothing turns round by itself
    at.away = false;
    people.again();
    attention.again();
    await vi.advanceTimersByTimeAsync(0);
    expect(kept.map((one) => one.id)).toEqual(["2"]);
    expect(at.asked.at(-1)).toContain("/v1/presence");
    expect(at.looks).toBe(2);
    people.again();
    attention.again();
    await vi.advanceTimersByTimeAsync(0);
    expect(at.asked).toHaveLength(length + 2);
    expect(at.looks).toBe(2);
  });
});
