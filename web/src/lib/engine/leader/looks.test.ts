import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Looks } from "./looks.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks a little later, once for all who want to know, and again only after another change", async () => {
  const asked: string[] = [];
  const looks = new Looks(
    (conversation, number) => {
      asked.push(`${conversation} ${number}`);
      return Promise.resolve();
    },
    () => 0.5,
  );
  const all = [looks.at("g~1", 3), looks.at("g~1", 3), looks.at("g~1", 4)];
  await vi.advanceTimersByTimeAsync(999);
  expect(asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await Promise.all(all);
  expect(asked).toEqual(["g~1 3", "g~1 4"]);
  await looks.at("g~1", 3);
  expect(asked).toHaveLength(2);
  looks.changed("g~1", 3);
  const again = looks.at("g~1", 3);
  await vi.advanceTimersByTimeAsync(1_000);
  await again;
  expect(asked).toEqual(["g~1 3", "g~1 4", "g~1 3"]);
});

it("tells of a failure, after which it may be asked again", async () => {
  let failing = true;
  const looks = new Looks(
    () => (failing ? Promise.reject(new Error("away")) : Promise.resolve()),
    () => 0,
  );
  const first = expect(looks.at("g~1", 3)).rejects.toThrow("away");
  await vi.advanceTimersByTimeAsync(0);
  await first;
  failing = false;
  const second = looks.at("g~1", 3);
  await vi.advanceTimersByTimeAsync(0);
  await second;
});
