/**
 * Which numbers of a conversation a device has asked for: disjoint ranges, rising, both ends inside.
 *
 * What lies in a range is known, also where no event has a number of it: a page may leave numbers out, and that is no
 * loss. Only what lies in no range is unknown.
 */
export type Range = readonly [from: number, to: number];
export type Ranges = readonly Range[];

/** `ranges` with one more. Ranges that touch become one. An empty one (`to` below `from`) changes nothing. */
export function withRange(ranges: Ranges, [from, to]: Range): Ranges {
  if (to < from) return ranges;
  const before = ranges.filter((one) => one[1] < from - 1);
  const after = ranges.filter((one) => one[0] > to + 1);
  const touched = ranges.filter((one) => one[1] >= from - 1 && one[0] <= to + 1);
  const whole: Range = [Math.min(from, ...touched.map((one) => one[0])), Math.max(to, ...touched.map((one) => one[1]))];
  return [...before, whole, ...after];
}

/** What of `ranges` lies between `from` and `to`. */
export function clipped(ranges: Ranges, [from, to]: Range): Ranges {
  return ranges.map((one): Range => [Math.max(one[0], from), Math.min(one[1], to)]).filter((one) => one[1] >= one[0]);
}

/** The range that holds `number`, or null. */
export function rangeAt(ranges: Ranges, number: number): Range | null {
  return ranges.find((one) => one[0] <= number && number <= one[1]) ?? null;
}

/** Whether all of a range is known. An empty one is. */
export function covers(ranges: Ranges, [from, to]: Range): boolean {
  return to < from || ranges.some((one) => one[0] <= from && to <= one[1]);
}

/** How a page was asked for. Without a number it is the newest. */
export type Asked =
  | { side: "before"; number: number; limit: number }
  | { side: "after"; number: number; limit: number }
  | { side: "around"; number: number; limit: number }
  /** About a moment, in milliseconds since 1970. */
  | { side: "at"; at: number; limit: number }
  | { side: "newest"; limit: number };

/**
 * What a page tells of numbers. `first` and `head`: the first and the highest number that may be read. A page reaches as
 * far as its outermost event: it may end early for its length. Only an empty one reaches to the end on its side.
 */
export function rangeOfPage(asked: Asked, numbers: readonly number[], first: number, head: number): Range {
  const lowest = numbers[0];
  const highest = numbers.at(-1);
  switch (asked.side) {
    case "before":
      return [lowest ?? first, asked.number - 1];
    case "after":
      return [asked.number + 1, highest ?? head];
    case "newest":
      return [lowest ?? first, head];
    case "around":
    case "at":
      // How many of its events are meant for either side is the server's affair: only what lies between them is known.
      return lowest === undefined || highest === undefined ? [1, 0] : [lowest, highest];
  }
}
