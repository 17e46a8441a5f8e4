import { DEFAULTS, type Kept, type Preferences } from "@chinwag/client";
import { expect, it } from "vitest";
import type { ConversationDetail } from "../api.js";
import type { UnreadRecord } from "../store/records.js";
import { byActivity, detailOf } from "./rows.js";

const NOW = 1_000_000;
const ME = "1";

function kept(id: string, more: Partial<Kept>): Kept {
  const of = { id, kind: "group", role: "member", title: id, settings: {}, members: new Map(), whole: true } as const;
  const numbers = { memberCount: 2, first: 1, head: 9, ordinal: 8, shown: 7, at: 5, read: 3, readOrdinal: 3 };
  return { ...of, ...numbers, last: null, mentions: [4, 6], pins: [2], ...more };
}

function detail(
  wish: Partial<Preferences>,
  more: Partial<Kept> = {},
  read = 0,
  from: UnreadRecord | null = null,
): ConversationDetail {
  const one = kept("g~1", more);
  const mark = read === 0 ? null : { conversation: one.id, number: read, ordinal: read };
  const preferences = { ...DEFAULTS, ...wish };
  return detailOf(one.id, { kept: one, lines: [], draft: null, mark, from, typing: [], preferences }, ME, NOW);
}

it("is muted until its moment", () => {
  expect(detail({ muted_until: NOW + 1 }).muted).toBe(true);
  expect(detail({ muted_until: NOW }).muted).toBe(false);
});

it("is archived until something is shown in it, and while it is muted for good", () => {
  expect(detail({ archived_at: 0 }).archived).toBe(false);
  expect(detail({ archived_at: 7 }).archived).toBe(true);
  expect(detail({ archived_at: 6 }).archived).toBe(false);
  expect(detail({ archived_at: 6, muted_until: NOW + 1 }).archived).toBe(true);
  expect(detail({ archived_at: 0, muted_until: NOW + 1 }).archived).toBe(false);
});

it("counts what speaks to one above what one has read, here or elsewhere", () => {
  expect(detail({}).mentions).toBe(2);
  expect(detail({}, {}, 4).mentions).toBe(1);
  expect(detail({}, {}, 6).mentions).toBe(0);
});

it("counts from where one wants it unread as far as is heard of it", () => {
  const from = { conversation: "g~1", number: 2, ordinal: 1 };
  expect(detail({}, { readOrdinal: 8 }, 0, from).unread).toBe(7);
  const told = { head: 20, ordinal: 12, shown: 20, at: 9, last: null };
  expect(detail({}, { readOrdinal: 8, told }, 0, from).unread).toBe(11);
});

it("is archived up to what the list shows of it", () => {
  const told = { head: 20, ordinal: 12, shown: 19, at: 9, last: null };
  expect(detail({ archived_at: detail({}, { told }).shown }, { told }).archived).toBe(true);
});

it("stands at the top if one wants it so", () => {
  const old = { ...detail({ pinned: true }, { at: 1 }), id: "top" };
  const some = [{ ...detail({}, { at: 2 }), id: "old" }, old, { ...detail({}, { at: 3 }), id: "new" }];
  expect(byActivity(some).map((one) => one.id)).toEqual(["top", "new", "old"]);
});
