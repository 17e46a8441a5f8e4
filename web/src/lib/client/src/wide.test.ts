import { describe, expect, it } from "vitest";
import type { Kept } from "./conversation.js";
import type { AnyEvent } from "./events.js";
import type { NoticeChange } from "./generated/chinwag.js";
import { afterEvent, afterView, unread, type View } from "./kept.js";

const ME = "3";
const GROUP = "g~7";

function notice(number: number, from: string, change: NoticeChange): AnyEvent {
  const place = { conversation: GROUP, number, ordinal: 1, from, device: "d", id: `n${number}`, sent_at: number };
  return { kind: "notice", ...place, change };
}

function said(number: number, from: string, ordinal: number): AnyEvent {
  const place = { conversation: GROUP, number, ordinal, from, device: "d", id: `i${number}`, sent_at: number };
  return { kind: "message", ...place, body: { type: "text", text: `m${number}` } };
}

function all(events: AnyEvent[], from?: Kept): Kept {
  let kept = from;
  for (const event of events) {
    const applied = afterEvent(kept, event, ME);
    if (applied === null || "load" in applied) throw new Error(`not applied: ${JSON.stringify(event)}`);
    kept = applied.kept;
  }
  if (kept === undefined) throw new Error("nothing was kept");
  return kept;
}

const members = { "1": "owner", "2": "admin", [ME]: "member" } as const;
const SMALL = [notice(1, "1", { type: "created", title: "Tea", members, settings: {} }), said(2, "2", 1)];
const WIDE = [...SMALL, notice(3, "4", { type: "joined", account: "4", wide: true })];

function view(kept: Kept, more: Partial<View> = {}): View {
  const shape = { members: [...kept.members.values()], member_count: kept.memberCount };
  return { ...kept, unread: unread(kept), ...shape, ...more };
}

describe("a group that became wide", () => {
  it("has its owner and admins alone, without their marks, and a count", () => {
    const kept = all(WIDE);
    expect([...kept.members.values()].map((one) => [one.account, one.role, one.read])).toEqual([
      ["1", "owner", 0],
      ["2", "admin", 0],
    ]);
    expect(kept).toMatchObject({ wide: true, whole: false, memberCount: 4, role: "member", shown: 3 });
  });

  it("keeps no marks of others, and one's own", () => {
    const kept = all(WIDE);
    const mark = { conversation: GROUP, number: 3, at: 9, ordinal: 1 };
    expect(afterEvent(kept, { kind: "read", account: "1", ...mark }, ME)).toBeNull();
    expect(afterEvent(kept, { kind: "delivered", account: "1", ...mark }, ME)).toBeNull();
    expect(all([{ kind: "read", account: ME, ...mark }], kept)).toMatchObject({ read: 3, readOrdinal: 1 });
    expect(all([said(4, "2", 2)], kept).members.get("2")).toMatchObject({ read: 0 });
  });

  it("counts who comes and goes, and shows them to nobody but oneself and where the group becomes large", () => {
    const kept = all(WIDE);
    const more = all([notice(4, "5", { type: "joined", account: "5" })], kept);
    expect(more).toMatchObject({ head: 4, memberCount: 5, shown: 3, at: 3, last: kept.last });
    const less = all([notice(5, "1", { type: "removed", account: "5" })], more);
    expect(less).toMatchObject({ head: 5, memberCount: 4, shown: 3, at: 3 });
    const large = all([notice(6, "6", { type: "joined", account: "6", large: true })], less);
    expect(large).toMatchObject({ head: 6, memberCount: 5, shown: 6, large: true });
    expect(all([notice(7, "1", { type: "removed", account: ME })], large)).toMatchObject({ role: null, shown: 7 });
  });

  it("follows who may do what, oneself among them", () => {
    const kept = all([notice(4, "1", { type: "role", account: ME, role: "admin" })], all(WIDE));
    expect(kept).toMatchObject({ role: "admin" });
    expect([...kept.members.keys()].sort()).toEqual(["1", "2", ME]);
    const handed = all([notice(5, "1", { type: "role", account: "2", role: "owner" })], kept);
    expect([...handed.members.values()].map((one) => one.role).sort()).toEqual(["admin", "admin", "owner"]);
    const less = all([notice(6, "2", { type: "role", account: ME, role: "member" })], handed);
    expect(less.role).toBe("member");
    expect(less.members.has(ME)).toBe(false);
  });

  it("has one in it whom it does not list any longer, though all others rule it", () => {
    const admin = all([notice(4, "1", { type: "role", account: ME, role: "admin" })], all(WIDE));
    const loaded = afterView(undefined, view(admin, { member_count: admin.members.size }));
    const less = all([notice(5, "1", { type: "role", account: ME, role: "member" })], loaded);
    expect(less.role).toBe("member");
  });

  it("is neither wide nor large to one who went", () => {
    for (const change of [
      { type: "left", account: ME },
      { type: "removed", account: ME },
    ] as const) {
      const left = all([notice(4, ME, { type: "delivery", large: true }), notice(5, ME, change)], all(WIDE));
      expect(left).toMatchObject({ role: null, memberCount: 0, wide: false, large: false });
    }
  });

  it("equals what is loaded of it, whatever marks were kept before", () => {
    const kept = all(WIDE);
    expect(afterView(all(SMALL), view(kept))).toEqual(kept);
    expect(afterView(kept, view(kept, { large: true }))).toMatchObject({ wide: true, large: true });
  });

  it("is asked for or copied from the notice on that says so", () => {
    const large = all([notice(4, "1", { type: "delivery", large: true })], all(WIDE));
    expect(large.large).toBe(true);
    expect(all([notice(5, "1", { type: "delivery", large: false })], large).large).toBe(false);
  });

  it("counts as unread what it was told of, and no less than what it holds", () => {
    const told = { head: 90, ordinal: 40, shown: 90, at: 9, last: null };
    expect(unread({ ...all(WIDE), told })).toBe(40);
    expect(unread({ ...all(WIDE), told }, { ordinal: 38 })).toBe(2);
    expect(unread({ ...all(WIDE), told: { ...told, ordinal: 0 } })).toBe(1);
  });
});
