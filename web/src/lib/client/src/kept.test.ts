import { describe, expect, it } from "vitest";
import type { AnyEvent } from "./events.js";
import type { MessageEvent, NoticeChange } from "./generated/chinwag.js";
import { afterEvent, afterView, unread, type View } from "./kept.js";
import type { Kept } from "./conversation.js";

const ME = "1";
const GROUP = "g~7";
let sent = 1_000;

function message(number: number, from: string, ordinal = number - 1): AnyEvent {
  sent += 1;
  const body = { type: "text" as const, text: `m${number}` };
  return {
    kind: "message",
    conversation: GROUP,
    number,
    ordinal,
    from,
    device: "d",
    id: `i${number}`,
    sent_at: sent,
    body,
  };
}

function notice(number: number, from: string, change: NoticeChange, ordinal = 0): AnyEvent {
  return {
    kind: "notice",
    conversation: GROUP,
    number,
    ordinal,
    from,
    device: "d",
    id: `n${number}`,
    sent_at: number,
    change,
  };
}

function created(): AnyEvent {
  const members = { [ME]: "owner", "2": "member", "3": "member" } as const;
  return notice(1, ME, { type: "created", title: "Picnic", members, settings: {} });
}

function all(events: AnyEvent[], from?: Kept): Kept {
  let kept = from;
  for (const event of events) {
    const applied = afterEvent(kept, event, ME);
    if (applied !== null && "load" in applied) throw new Error(`must load for ${JSON.stringify(event)}`);
    kept = applied?.kept ?? kept;
  }
  if (kept === undefined) throw new Error("nothing was kept");
  return kept;
}

function view(kept: Kept, more: Partial<View> = {}): View {
  return { ...kept, unread: kept.ordinal - kept.readOrdinal, members: [...kept.members.values()], ...more };
}

describe("a conversation kept by events", () => {
  it("begins with the notice that made it", () => {
    const kept = all([created()]);
    expect(kept).toMatchObject({ kind: "group", role: "owner", title: "Picnic", head: 1, memberCount: 3 });
    expect(unread(kept)).toBe(0);
  });

  it("does not change when an event comes twice", () => {
    const events = [created(), message(2, "2"), message(3, ME), message(4, "3")];
    const kept = all(events);
    for (const event of events) expect(afterEvent(kept, event, ME)).toBeNull();
  });

  it("counts as unread what others said after one's own last message", () => {
    expect(unread(all([created(), message(2, "2"), message(3, "2")]))).toBe(2);
    expect(unread(all([created(), message(2, "2"), message(3, ME), message(4, "2")]))).toBe(1);
    expect(unread(all([created(), message(2, "2"), message(3, "2")]), { ordinal: 2 })).toBe(0);
  });

  it("must be loaded when something is missing before an event", () => {
    expect(afterEvent(undefined, message(5, "2"), ME)).toEqual({ load: GROUP });
    expect(afterEvent(all([created()]), message(3, "2"), ME)).toEqual({ load: GROUP });
    expect(afterEvent({ ...all([created()]), role: null }, message(2, "2"), ME)).toEqual({ load: GROUP });
  });

  it("keeps an event of a kind that it does not know, in its place", () => {
    const odd = { kind: "poll", conversation: GROUP, number: 2, ordinal: 1, from: "2", device: "", id: "", sent_at: 9 };
    // What it is to a list only a version that knows it can say.
    expect(all([created(), odd])).toMatchObject({ head: 2, ordinal: 1, shown: 1, last: created() });
  });

  it("passes over what has no place in it", () => {
    const kept = all([created()]);
    for (const odd of [
      { kind: "wave" },
      { kind: "poll", conversation: GROUP, number: 0, ordinal: 1 },
      { kind: "x", number: 2 },
    ]) {
      expect(afterEvent(kept, odd as unknown as AnyEvent, ME)).toBeNull();
    }
  });

  it("moves marks forward only", () => {
    const read = (number: number): AnyEvent => ({
      kind: "read",
      conversation: GROUP,
      account: "2",
      number,
      at: 5,
      ordinal: 0,
    });
    const kept = all([created(), message(2, ME), message(3, ME), read(3), read(2)]);
    expect(kept.members.get("2")).toMatchObject({ read: 3, delivered: 3 });
  });

  it("is left with its members gone and its head where it was", () => {
    const left = all([created(), message(2, "2"), notice(3, "2", { type: "removed", account: ME }, 1)]);
    expect(left).toMatchObject({ role: null, head: 3, memberCount: 0 });
    expect(left.members.size).toBe(0);
  });

  it("makes the giver of ownership an admin", () => {
    const kept = all([created(), notice(2, ME, { type: "role", account: "2", role: "owner" })]);
    expect(kept.role).toBe("admin");
    expect(kept.members.get("2")?.role).toBe("owner");
  });

  it("has an heir when its owner leaves", () => {
    const kept = all([created(), notice(2, ME, { type: "role", account: "2", role: "owner" })]);
    const after = all([notice(3, "2", { type: "left", account: "2", owner: "3" })], kept);
    expect(after.members.get("3")?.role).toBe("owner");
    expect(after.members.has("2")).toBe(false);
  });
});

/** Message `number` of somebody, that speaks to these. */
function speaking(number: number, from: string, ...mentioned: string[]): AnyEvent {
  return { ...(message(number, from) as MessageEvent), mentioned };
}

function change(number: number, kind: "edited" | "deleted", target: number, mentioned: string[] = []): AnyEvent {
  const { conversation, device, id, sent_at } = message(number, "2") as MessageEvent;
  const place = { conversation, device, id, sent_at, number, ordinal: 3, from: "2", shown: 4, target };
  return kind === "deleted" ? { ...place, kind } : { ...place, kind, body: null, mentioned };
}

describe("messages that speak to one", () => {
  const three = [created(), speaking(2, "2", ME), speaking(3, "2", "3"), speaking(4, "3", "*")];

  it("are counted until they are read, each once, whether or not they are held", () => {
    const kept = all(three);
    expect(kept.mentions).toEqual([2, 4]);
    expect(all(three, kept).mentions).toEqual([2, 4]);
    const read: AnyEvent = { kind: "read", conversation: GROUP, account: ME, number: 2, at: 5, ordinal: 1 };
    expect(all([read], kept).mentions).toEqual([4]);
    expect(all([speaking(5, ME, "2")], kept).mentions).toEqual([]);
  });

  it("come and go by edits and deletions of what is unread", () => {
    const kept = all(three);
    expect(all([change(5, "edited", 3, [ME])], kept).mentions).toEqual([2, 3, 4]);
    expect(all([change(5, "edited", 2, ["3"])], kept).mentions).toEqual([4]);
    expect(all([change(5, "deleted", 4)], kept).mentions).toEqual([2]);
    const read = all([{ kind: "read", conversation: GROUP, account: ME, number: 4, at: 5, ordinal: 3 }], kept);
    expect(all([change(5, "edited", 3, [ME])], read).mentions).toEqual([]);
  });

  it("are as a view tells, but for what is read since", () => {
    const kept = all(three);
    expect(afterView(undefined, view(kept)).mentions).toEqual([2, 4]);
    const read = all([{ kind: "read", conversation: GROUP, account: ME, number: 2, at: 5, ordinal: 1 }], kept);
    expect(afterView(read, view(kept)).mentions).toEqual([4]);
  });

  it("stay unread to one who is out, who has no pins", () => {
    const out = all([...three, notice(5, "2", { type: "removed", account: ME }, 3)]);
    expect(out).toMatchObject({ mentions: [2, 4], pins: [] });
  });
});

describe("pins", () => {
  const pin = (number: number, target: number, on = true): AnyEvent =>
    notice(number, ME, { type: "pinned", number: target, on }, 2);
  const two = [created(), message(2, "2"), message(3, "2"), pin(4, 3), pin(5, 2)];

  it("stand in the order in which they were pinned, the last one at the end", () => {
    expect(all(two).pins).toEqual([3, 2]);
    expect(all([...two, pin(6, 3)]).pins).toEqual([2, 3]);
    expect(all([...two, pin(6, 3, false)]).pins).toEqual([2]);
  });

  it("go with the message, and of what one may not read there are none", () => {
    expect(all([...two, change(6, "deleted", 2)]).pins).toEqual([3]);
    expect(all([pin(6, 1)], { ...all(two), first: 2 }).pins).toEqual([3, 2]);
  });
});

describe("a view", () => {
  it("that was overtaken by events changes nothing", () => {
    const early = all([created(), message(2, "2")]);
    const late = all([message(3, "2")], early);
    expect(afterView(late, view(early))).toBe(late);
  });

  it("does not move marks back that events moved on meanwhile", () => {
    const before = all([created(), message(2, "2")]);
    const mine: AnyEvent = { kind: "read", conversation: GROUP, account: ME, number: 2, at: 5, ordinal: 1 };
    const theirs: AnyEvent = { kind: "delivered", conversation: GROUP, account: "3", number: 2, at: 5 };
    const after = afterView(all([mine, theirs], before), view(before));
    expect(unread(after)).toBe(0);
    expect(after.members.get("3")?.delivered).toBe(2);
  });

  it("of some members leaves the others known, if nothing else happened", () => {
    const whole = all([created()]);
    const some = view(whole, { members: view(whole).members.slice(0, 1), member_count: 3 });
    expect(afterView(undefined, some)).toMatchObject({ whole: false, memberCount: 3, role: "owner" });
    expect(afterView(whole, some).members.size).toBe(3);
  });

  it("of some members, without oneself, does not put one out", () => {
    const whole = all([created()]);
    const some = view(whole, { members: view(whole).members.filter((one) => one.account === "2"), member_count: 3 });
    const kept = all([notice(2, ME, { type: "joined", account: "9" })], afterView(undefined, some));
    expect(kept).toMatchObject({ role: "owner", memberCount: 4, whole: false });
  });
});
