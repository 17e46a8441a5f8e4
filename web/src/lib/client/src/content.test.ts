import { describe, expect, it } from "vitest";
import { afterContent, type ChangeEvent, changedAt, type Content, newer, reactionsOf } from "./content.js";
import type { MessageEvent, ReactionCount } from "./generated/chinwag.js";
import { bareReaction, shownReaction } from "./reactions.js";

const ME = "1";
const PLACE = { conversation: "g~1", device: "d", id: "i", ordinal: 1, sent_at: 9 };

function message(text: string, more: Partial<MessageEvent> = {}): MessageEvent {
  return { ...PLACE, kind: "message", number: 3, from: "2", body: { type: "text", text }, ...more };
}

function edit(number: number, text: string | null, replaced = 0): ChangeEvent {
  const body = text === null ? null : { type: "text" as const, text };
  return { ...PLACE, kind: "edited", number, from: "2", shown: 3, target: 3, body, replaced };
}

function deletion(number: number): ChangeEvent {
  return { ...PLACE, kind: "deleted", number, from: "5", shown: 3, target: 3 };
}

function reaction(number: number, from: string, on = true, sign = "👍"): ChangeEvent {
  return { ...PLACE, kind: "reaction", number, from, shown: 3, target: 3, reaction: sign, on };
}

function tallied(by: string[]): ReactionCount[] {
  return [{ reaction: "👍", count: by.length, by, mine: by.includes(ME) }];
}

const SENT: Content = { event: message("first"), asOf: 3 };

function after(changes: ChangeEvent[], held = SENT): Content {
  return changes.reduce((content, change) => afterContent(content, change, ME), held);
}

function words(content: Content): string {
  return JSON.stringify(content.event);
}

describe("what a message says", () => {
  it("is what the last change made of it, in whatever order changes come, and twice", () => {
    const changes = [edit(4, "second"), edit(6, "third"), deletion(8)];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [0, 2, 1, 0],
      [2, 2, 0, 1],
    ]) {
      // prettier-ignore
      const content = after(order.map((at) => changes[at] as ChangeEvent));
      expect(content.event).toMatchObject({ body: { type: "deleted" }, deleted: { number: 8, by: "5" }, edited: null });
      for (const text of ["first", "second", "third"]) expect(words(content)).not.toContain(text);
    }
    expect(after([edit(6, "third"), edit(4, "second")]).event).toMatchObject({ body: { text: "third" } });
  });

  it("is not known after a change that is not told, and waits for one that follows", () => {
    expect(after([edit(4, null)]).event).toMatchObject({ body: { type: "changed" }, edited: { number: 4 } });
    // By then the next one may be nobody's business here: what it said before is gone all the same.
    expect(after([edit(4, null, 6)]).event).toMatchObject({ body: { type: "changed" }, edited: { number: 4 } });
    expect(words(after([edit(4, null, 6)]))).not.toContain("first");
    expect(after([edit(4, null, 6), edit(6, "third")]).event).toMatchObject({ body: { text: "third" } });
    expect(after([edit(4, null, 6), deletion(6)]).event).toMatchObject({ body: { type: "deleted" } });
    const told = { event: message("fourth", { edited: { number: 4, at: 9 } }), asOf: 9 };
    expect(newer(after([edit(4, null)]), told).event).toMatchObject({ body: { text: "fourth" } });
  });

  it("is of two forms that of the later change, whichever comes first", () => {
    const gone = after([deletion(8)]);
    expect(newer(gone, SENT).event).toBe(gone.event);
    expect(newer(SENT, gone).event).toBe(gone.event);
    expect(changedAt(gone.event)).toBe(8);
  });

  it("is no affair of another message's change", () => {
    expect(afterContent(SENT, { ...edit(4, "x"), target: 2 }, ME)).toBe(SENT);
  });
});

describe("reactions", () => {
  it("are one more or one less for each event, and each counts once", () => {
    const all = [reaction(4, "2"), reaction(5, ME), reaction(6, "2", false), reaction(7, "3", true, "❤")];
    const once = after(all);
    expect(reactionsOf(once.event)).toEqual([
      { reaction: "👍", count: 1, by: [ME], mine: true },
      { reaction: "❤", count: 1, by: ["3"], mine: false },
    ]);
    expect(after(all, once)).toEqual(once);
    expect(reactionsOf(after([reaction(8, ME, false), reaction(9, "3", false, "❤")], once).event)).toEqual([]);
  });

  it("that a page has counted are not counted again, and those after it are", () => {
    const tally = { reaction: "👍", count: 12, by: Array.from({ length: 10 }, (_, n) => `${n + 20}`), mine: false };
    const page: Content = { event: { ...message("first"), reactions: [tally] }, asOf: 20 };
    expect(after([reaction(20, "9")], page)).toBe(page);
    // nobody knows whether others come before in the row of those who are named
    expect(reactionsOf(after([reaction(21, ME)], page).event)).toEqual([{ ...tally, count: 13, mine: true }]);
    expect(reactionsOf(newer(after([reaction(4, "2")]), page).event)).toEqual([tally]);
    expect(reactionsOf(newer(page, SENT).event)).toEqual([tally]);
  });

  it("that were put on or taken back while one was told nothing are not counted again", () => {
    const page: Content = { event: { ...message("first"), reactions: tallied(["2", "4"]) }, asOf: 20 };
    expect(reactionsOf(after([reaction(21, "2"), reaction(22, "3", false)], page).event)).toEqual(tallied(["2", "4"]));
    expect(reactionsOf(after([reaction(21, "4", false), reaction(22, "4", false)], page).event)).toEqual(
      tallied(["2"]),
    );
  });

  it("go with the message, and none comes to a deleted one", () => {
    const gone = after([reaction(4, "2"), deletion(5), reaction(6, "3")]);
    expect(reactionsOf(gone.event)).toEqual([]);
    expect(words(gone)).not.toContain("👍");
  });

  it("are compared without the sign that makes pictographs, and shown with it", () => {
    expect(bareReaction("❤\uFE0F")).toBe("❤");
    expect(shownReaction("❤")).toBe("❤\uFE0F");
    expect(shownReaction("1\u20E3")).toBe("1\uFE0F\u20E3");
    expect(shownReaction("👍")).toBe("👍");
    expect(shownReaction("👍🏽")).toBe("👍🏽");
  });
});
