import { describe, expect, it } from "vitest";
import { seeded } from "./random.test-support.js";
import { clipped, covers, type Range, rangeAt, rangeOfPage, type Ranges, withRange } from "./ranges.js";

describe("ranges", () => {
  it("become one where they touch, and stay apart where they do not", () => {
    let ranges: Ranges = [];
    ranges = withRange(ranges, [10, 20]);
    ranges = withRange(ranges, [30, 40]);
    expect(ranges).toEqual([
      [10, 20],
      [30, 40],
    ]);
    expect(withRange(ranges, [21, 21])).toEqual([
      [10, 21],
      [30, 40],
    ]);
    expect(withRange(ranges, [21, 29])).toEqual([[10, 40]]);
    expect(withRange(ranges, [1, 8])).toEqual([[1, 8], ...ranges]);
    expect(withRange(ranges, [5, 4])).toEqual(ranges);
  });

  it("hold exactly the numbers that were put in, whatever the order", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seeded(seed);
      const put = new Set<number>();
      let ranges: Ranges = [];
      for (let step = 0; step < 12; step += 1) {
        const from = 1 + Math.floor(random() * 40);
        const range: Range = [from, from + Math.floor(random() * 6)];
        ranges = withRange(ranges, range);
        for (let number = range[0]; number <= range[1]; number += 1) put.add(number);
      }
      const held = Array.from({ length: 50 }, (_, number) => number).filter((one) => rangeAt(ranges, one) !== null);
      expect(held).toEqual([...put].sort((a, b) => a - b));
      for (const [index, range] of ranges.entries()) {
        // Disjoint, rising, and not even touching: otherwise `covers` would deny what is known.
        expect(range[0]).toBeGreaterThan((ranges[index - 1]?.[1] ?? -1) + 1);
      }
    }
  });

  it("are cut to a part", () => {
    const ranges: Ranges = [
      [1, 5],
      [8, 20],
    ];
    expect(clipped(ranges, [4, 10])).toEqual([
      [4, 5],
      [8, 10],
    ]);
    expect(covers(ranges, [9, 20])).toBe(true);
    expect(covers(ranges, [5, 8])).toBe(false);
    expect(covers(ranges, [7, 6])).toBe(true);
  });
});

describe("a page", () => {
  it("that is empty reaches to the end on its side", () => {
    expect(rangeOfPage({ side: "before", number: 50, limit: 10 }, [], 5, 90)).toEqual([5, 49]);
    expect(rangeOfPage({ side: "after", number: 50, limit: 10 }, [], 5, 90)).toEqual([51, 90]);
    expect(rangeOfPage({ side: "newest", limit: 10 }, [], 5, 90)).toEqual([5, 90]);
    expect(rangeOfPage({ side: "around", number: 50, limit: 10 }, [], 5, 90)).toEqual([1, 0]);
  });

  it("reaches as far as its outermost event, full or not, as it may end early for its length", () => {
    expect(rangeOfPage({ side: "before", number: 50, limit: 10 }, [20, 30], 5, 90)).toEqual([20, 49]);
    expect(rangeOfPage({ side: "newest", limit: 10 }, [60, 70], 5, 90)).toEqual([60, 90]);
    expect(rangeOfPage({ side: "before", number: 50, limit: 2 }, [40, 45], 1, 90)).toEqual([40, 49]);
    expect(rangeOfPage({ side: "after", number: 50, limit: 2 }, [55, 60], 1, 90)).toEqual([51, 60]);
    expect(rangeOfPage({ side: "around", number: 50, limit: 3 }, [48, 50, 53], 1, 90)).toEqual([48, 53]);
  });
});
