import { expect, it } from "vitest";
import { WATCHED_AGAIN } from "../messages.js";
import { Windows } from "./windows.js";

it("knows what is looked at for as long as the window says so", () => {
  const windows = new Windows();
  windows.says("a", "d~1~2", 0);
  windows.says("b", "g~1", 0);
  expect(windows.focused(1)).toEqual(new Set(["d~1~2", "g~1"]));
  windows.says("b", null, 2);
  expect(windows.focused(3)).toEqual(new Set(["d~1~2"]));
  windows.says("a", "g~2", 4);
  expect(windows.focused(5)).toEqual(new Set(["g~2"]));
});

it("forgets a window that is gone without a word", () => {
  const windows = new Windows();
  windows.says("gone", "d~1~2", 0);
  for (let at = 0; at <= 4 * WATCHED_AGAIN; at += WATCHED_AGAIN) windows.says("here", "g~1", at);
  expect(windows.focused(4 * WATCHED_AGAIN)).toEqual(new Set(["g~1"]));
});

it("keeps only so many windows in mind", () => {
  const windows = new Windows();
  for (let n = 0; n < 1_000; n += 1) windows.says(`${n}`, `g~${n}`, 0);
  expect(windows.focused(0).size).toBeLessThan(100);
  expect(windows.focused(0).has("g~999")).toBe(true);
});
