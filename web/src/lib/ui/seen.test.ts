import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Anchor } from "./anchor.js";
import { Seen } from "./seen.js";

let focused = true;
/** The numbers of the rows that lie in view. */
let inView: number[] = [];
const told: number[] = [];
const anchor = {
  inView: () => inView.map((number) => ({ dataset: { key: String(number), number: String(number) } })),
} as unknown as Anchor;

beforeEach(() => {
  vi.useFakeTimers();
  const deaf = { addEventListener: () => undefined, removeEventListener: () => undefined };
  vi.stubGlobal("window", deaf);
  vi.stubGlobal("document", { ...deaf, hasFocus: () => focused, visibilityState: "visible" });
  focused = true;
  told.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function seen(): Seen {
  return new Seen(anchor, (number) => told.push(number));
}

describe("what lies in view", () => {
  it("is read after a while", () => {
    inView = [1, 2];
    seen().look();
    vi.advanceTimersByTime(299);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([2]);
  });
  it("is read, too, where something new comes all the time", () => {
    const one = seen();
    inView = [1];
    for (let number = 1; number <= 20; number += 1) {
      inView.push(number);
      one.look();
      vi.advanceTimersByTime(100);
    }
    expect(told.at(-1)).toBeGreaterThanOrEqual(15);
    vi.advanceTimersByTime(1000);
    expect(told.at(-1)).toBe(20);
  });
  it("is not read while it passes by", () => {
    const one = seen();
    for (let number = 1; number <= 20; number += 1) {
      inView = [number];
      one.look();
      vi.advanceTimersByTime(100);
    }
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([20]);
  });
  it("is not read in a window that has lost the focus, nor in one that has gone", () => {
    const one = seen();
    inView = [1];
    one.look();
    focused = false;
    vi.advanceTimersByTime(1000);
    focused = true;
    one.look();
    one.stop();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
  });
});
