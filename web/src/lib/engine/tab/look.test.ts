import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { WATCHED_AGAIN } from "../messages.js";
import type { Browser } from "./browser.js";
import { Look } from "./look.js";

let focused = true;
let runs: Map<string, () => void>;
let said: (string | null)[];
let look: Look;

beforeEach(() => {
  vi.useFakeTimers();
  focused = true;
  runs = new Map();
  said = [];
  const browser = {
    looked: () => focused,
    on: (what: string, run: () => void) => {
      runs.set(what, run);
      return () => undefined;
    },
  } as unknown as Browser;
  look = new Look(browser, (conversation) => said.push(conversation));
});
afterEach(() => {
  vi.useRealTimers();
});

it("says again what is looked at for as long as it is", () => {
  look.at("g~1");
  vi.advanceTimersByTime(3 * WATCHED_AGAIN);
  expect(said).toEqual(["g~1", "g~1", "g~1", "g~1"]);
  look.at(null);
  vi.advanceTimersByTime(3 * WATCHED_AGAIN);
  expect(said.slice(4)).toEqual([null]);
});

it("takes it back at once when the focus goes, and says nothing more until it comes back", () => {
  look.at("g~1");
  focused = false;
  runs.get("blur")?.();
  vi.advanceTimersByTime(3 * WATCHED_AGAIN);
  expect(said).toEqual(["g~1", null]);
  focused = true;
  runs.get("focus")?.();
  runs.get("pagehide")?.();
  vi.advanceTimersByTime(3 * WATCHED_AGAIN);
  expect(said.slice(2)).toEqual(["g~1", null]);
});

it("takes it back also if the focus went without a word", () => {
  look.at("g~1");
  focused = false;
  vi.advanceTimersByTime(5 * WATCHED_AGAIN);
  expect(said).toEqual(["g~1", null]);
});
