import type { KeptEvent } from "@chinwag/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { MessageWindow, Row, WindowState } from "../api.js";
import { count } from "./counting.js";
import { Value } from "./watched.js";

let asked: [number, number, boolean][];
let refuse: boolean;

const ask = (numbers: number[], screen: boolean): Promise<void> => {
  asked.push([numbers[0] ?? 0, numbers.at(-1) ?? 0, screen]);
  return refuse ? Promise.reject(new Error("away")) : Promise.resolve();
};

/** That messages `first` to `last` are shown. */
function state(first: number, last: number, atEnd = true): WindowState {
  const event = (number: number): KeptEvent => ({
    ...{ kind: "message", conversation: "g", number, ordinal: number, from: "1", device: "d", id: `${number}` },
    ...{ sent_at: 1, body: { type: "text", text: "" } },
  });
  const rows = Array.from({ length: last - first + 1 }, (_, at) => ({ event: event(first + at) }) as Row);
  return { rows, atEnd } as unknown as WindowState;
}

function shown(first: number, last: number, atEnd = true): Value<WindowState> & MessageWindow {
  return new Value(state(first, last, atEnd)) as Value<WindowState> & MessageWindow;
}

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  refuse = false;
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks for all that is shown, a hundred at a time, once and again when it is told to", async () => {
  const window = shown(1, 150);
  count([window], ask);
  await vi.runAllTimersAsync();
  const all = [
    [1, 100, false],
    [101, 150, true],
  ];
  expect(asked).toEqual(all);
  window.set(state(1, 150));
  await vi.runAllTimersAsync();
  expect(asked).toEqual(all);
  count([window], ask);
  await vi.runAllTimersAsync();
  expect(asked).toEqual([...all, ...all]);
});

it("asks for what comes to be shown of what was loaded before, and not for what is said meanwhile", async () => {
  const window = shown(50, 60);
  count([window], ask);
  await vi.runAllTimersAsync();
  window.set(state(50, 61));
  await vi.runAllTimersAsync();
  expect(asked).toEqual([[50, 60, true]]);
  window.set(state(40, 61, false));
  window.set(state(30, 61, false));
  await vi.runAllTimersAsync();
  expect(asked.slice(1)).toEqual([[30, 49, true]]);
});

it("goes on when it was asked for in vain", async () => {
  const window = shown(1, 150);
  refuse = true;
  count([window], ask);
  await vi.runAllTimersAsync();
  expect(asked).toEqual([[1, 100, false]]);
  refuse = false;
  count([window], ask);
  await vi.runAllTimersAsync();
  expect(asked.slice(1)).toHaveLength(2);
});

it("asks when it is told to though nothing is shown yet, and not by itself", async () => {
  const window = shown(1, 0);
  count([window], ask);
  await vi.runAllTimersAsync();
  expect(asked).toEqual([[0, 0, false]]);
  window.set(state(1, 0, false));
  await vi.runAllTimersAsync();
  expect(asked).toHaveLength(1);
});
