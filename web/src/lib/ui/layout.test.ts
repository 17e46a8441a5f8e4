import { describe, expect, it } from "vitest";
import type { KeptEvent } from "@chinwag/client";
import type { Row } from "../engine/api.js";
import { byDay, layout, RUN_MS, FOLD_MS, type Item } from "./layout.js";

const NOON = new Date(2026, 10, 26, 12).getTime();

function message(number: number, from: string, at: number): Row {
  const event = {
    kind: "message", conversation: "g~1", number, ordinal: number, from, device: "1", id: `m${number}`, sent_at: at,
    body: { type: "text", text: `text ${number}` },
  } as unknown as KeptEvent; // prettier-ignore
  return { key: `n${number}`, number, event, unsent: null };
}
function joined(number: number, account: string, at: number): Row {
  const event = {
    kind: "notice", conversation: "g~1", number, ordinal: 0, from: account, device: "1", id: `c${number}`, sent_at: at,
    change: { type: "joined", account },
  } as unknown as KeptEvent; // prettier-ignore
  return { key: `n${number}`, number, event, unsent: null };
}
const shape = (items: Item[]): string[] =>
  items.map((one) =>
    one.kind === "run"
      ? `${one.author}:${one.rows.map((row) => row.number ?? row.key).join(",")}`
      : one.kind === "notices"
        ? `notices:${one.events.length}`
        : one.kind,
  );

describe("runs", () => {
  it("hold one person's messages within five minutes", () => {
    const rows = [
      message(1, "a", NOON),
      message(2, "a", NOON + RUN_MS),
      message(3, "a", NOON + 2 * RUN_MS + 1),
      message(4, "b", NOON + 2 * RUN_MS + 2),
    ];
    expect(shape(layout(rows, "b", null))).toEqual(["day", "a:1,2", "a:3", "b:4"]);
  });
  it("end with the day", () => {
    const midnight = new Date(2026, 10, 27).getTime();
    expect(shape(layout([message(1, "a", midnight - 1000), message(2, "a", midnight + 1000)], "b", null))).toEqual([
      "day",
      "a:1",
      "day",
      "a:2",
    ]);
  });
  it("take in what waits to be sent", () => {
    const waiting: Row = {
      key: "u1",
      number: null,
      event: null,
      unsent: {
        kind: "unsent",
        id: "u1",
        text: "x",
        reply_to: 0,
        mentions: [],
        at: NOON + 5,
        refused: null,
        placed: false,
        media: null,
      },
    };
    expect(shape(layout([message(1, "me", NOON), waiting], "me", null))).toEqual(["day", "me:1,u1"]);
  });
});

describe("the line above what is new", () => {
  it("stands before the first unread number, also inside a run", () => {
    const rows = [message(1, "a", NOON), message(2, "a", NOON + 1), message(3, "a", NOON + 2)];
    expect(shape(layout(rows, "b", 2))).toEqual(["day", "a:1", "fresh", "a:2,3"]);
  });
  it("stands before the next row where that number is not shown", () => {
    expect(shape(layout([message(1, "a", NOON), message(9, "a", NOON + 1)], "b", 5))).toEqual([
      "day",
      "a:1",
      "fresh",
      "a:9",
    ]);
  });
  it("is not there without anything unread", () => {
    expect(shape(layout([message(1, "a", NOON)], "b", null))).not.toContain("fresh");
  });
});

describe("notices", () => {
  it("of one kind fold within an hour", () => {
    const rows = [joined(1, "a", NOON), joined(2, "b", NOON + FOLD_MS), joined(3, "c", NOON + FOLD_MS + 1)];
    expect(shape(layout(rows, "me", null))).toEqual(["day", "notices:2", "notices:1"]);
  });
  it("break a run", () => {
    expect(
      shape(layout([message(1, "a", NOON), joined(2, "b", NOON + 1), message(3, "a", NOON + 2)], "me", null)),
    ).toEqual(["day", "a:1", "notices:1", "a:3"]);
  });
  it("keep every row, so that nothing vanishes", () => {
    const rows = Array.from({ length: 60 }, (_, i) =>
      i % 3 === 0 ? joined(i + 1, `p${i}`, NOON + i) : message(i + 1, `p${i % 2}`, NOON + i),
    );
    const drawn = layout(rows, "me", 20).flatMap((one) => ("rows" in one ? one.rows : []));
    expect(drawn).toEqual(rows);
  });
});

it("draws kinds that it does not know as bubbles", () => {
  const event = {
    kind: "poll",
    conversation: "g~1",
    number: 1,
    ordinal: 1,
    from: "a",
    sent_at: NOON,
  } as unknown as KeptEvent;
  expect(shape(layout([{ key: "n1", number: 1, event, unsent: null }], "me", null))).toEqual(["day", "a:1"]);
});

describe("days", () => {
  const DAY = 86_400_000;

  it("hold what belongs to them, and keep their key when older messages come", () => {
    const rows = [message(2, "a", NOON + RUN_MS * 2), message(3, "b", NOON + DAY)];
    const days = byDay(layout(rows, "b", null));
    expect(days.map((one) => shape([...one.items]))).toEqual([["a:2"], ["b:3"]]);
    const more = byDay(layout([message(1, "b", NOON), ...rows], "b", null));
    expect(more.map((one) => one.key)).toEqual(days.map((one) => one.key));
  });

  it("stand twice where a clock went back, each under a key of its own", () => {
    const rows = [message(1, "a", NOON), message(2, "a", NOON + DAY), message(3, "a", NOON)];
    expect(new Set(byDay(layout(rows, "b", null)).map((one) => one.key)).size).toBe(3);
  });
});
