import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff.js";
import { cursorOf, cursorText } from "./cursor.js";
import { directId, directMembers } from "./events.js";
import { afterChange, NOTHING } from "./own.js";
import { ofAnswer } from "./problem.js";
import { folded, ranked } from "./ranking.js";
import { Reads } from "./reads.js";
import { reached } from "./send-state.js";
import { serverSent } from "./transports/server-sent.js";

describe("delays", () => {
  it("grow, are spread from zero, stay bounded, and never undercut what the server asked for", () => {
    const highest = new Backoff(250, 30_000, () => 1);
    expect(Array.from({ length: 9 }, () => highest.next())).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
    expect(new Backoff(250, 30_000, () => 0).next(3_000)).toBe(3_000);
    highest.reset();
    expect(highest.next()).toBe(250);
  });
});

describe("read marks", () => {
  it("are said again until they come back, and given up when they never do", () => {
    const reads = new Reads();
    reads.read("c", 5);
    expect(reads.due(0).say).toEqual([{ conversation: "c", number: 5 }]);
    expect(reads.due(0).say).toEqual([]);
    reads.disconnected();
    expect(reads.due(0).say).toHaveLength(1);
    expect(reads.confirmed("c", 4)).toBe(false);
    expect(reads.confirmed("c", 6)).toBe(true);
    reads.read("d", 1);
    const said = Array.from({ length: 8 }, (_, n) => reads.due(10_000 * (n + 1)));
    expect(said.flatMap((one) => one.say)).toHaveLength(6);
    expect(said.flatMap((one) => one.givenUp)).toEqual(["d"]);
    expect(reads.nextDue()).toBeNull();
  });
});

describe("the switcher", () => {
  const one = (
    name: string,
    more: Partial<Parameters<typeof ranked>[0] extends Iterable<infer T> ? T : never> = {},
  ) => ({
    name,
    words: [name],
    unread: 0,
    at: 0,
    kind: "conversation" as const,
    ...more,
  });
  const names = (found: { name: string }[]): string[] => found.map((each) => each.name);

  it("shows unread ones first, then recent ones, when nothing is typed", () => {
    const all = [one("old", { at: 1 }), one("new", { at: 9 }), one("unread", { at: 2, unread: 1 })];
    expect(names(ranked(all, "", 9))).toEqual(["unread", "new", "old"]);
    expect(names(ranked(all, " ", 2))).toEqual(["unread", "new"]);
  });

  it("prefers a word's beginning to its middle, conversations to people, and recent to old", () => {
    const all = [
      one("Susanna", { at: 99 }),
      one("Anna", { kind: "person", at: 50 }),
      one("Old Anna", { at: 1 }),
      one("New Anna", { at: 5 }),
      one("Ben"),
    ];
    expect(names(ranked(all, "ANN", 9))).toEqual(["New Anna", "Old Anna", "Anna", "Susanna"]);
  });

  it("finds all parts, in any order, without accents and case", () => {
    expect(names(ranked([one("Zoë Müller"), one("Zoë Meier")], "mul zoe", 9))).toEqual(["Zoë Müller"]);
    expect(folded("ÉTÉ ﬁn")).toBe("ete fin");
  });

  it("looks at no more of a name than is bounded", () => {
    expect(folded("é".repeat(100_000)).length).toBeLessThanOrEqual(200);
  });
});

describe("account changes", () => {
  it("of one subject count by their version, whatever the order", () => {
    const asked = { type: "friend_requested", friend: "2", by: "2", at: 1, version: 1 } as const;
    const accepted = { type: "friend_accepted", friend: "2", by: "1", at: 2, version: 2 } as const;
    const other = { type: "block_changed", blocked: "2", on: true, at: 3, version: 1 } as const;
    let own = NOTHING;
    for (const change of [accepted, asked, other, other]) own = afterChange(own, change, "1");
    expect(own.friends.get("2")).toEqual({ state: "friends", by: "1", at: 2 });
    expect([...own.blocked]).toEqual(["2"]);
  });

  it("of a kind that is unknown change nothing", () => {
    const odd = { type: "waved", version: 9 } as never;
    expect(afterChange(NOTHING, odd, "1")).toBe(NOTHING);
  });
});

describe("how one's own message stands", () => {
  const member = (account: string, read: number, delivered: number) =>
    [account, { account, role: "member" as const, read, read_at: 0, delivered, delivered_at: 0 }] as const;

  it("is read or delivered when all others have it", () => {
    const members = (...all: ReturnType<typeof member>[]) => ({ members: new Map(all), whole: true });
    expect(reached(members(member("1", 9, 9), member("2", 5, 7)), 6, "1")).toBe("delivered");
    expect(reached(members(member("1", 9, 9), member("2", 6, 0)), 6, "1")).toBe("read");
    expect(reached(members(member("2", 9, 9), member("3", 0, 0)), 6, "1")).toBe("sent");
    expect(reached({ ...members(member("2", 9, 9)), whole: false }, 6, "1")).toBe("sent");
    expect(reached(members(member("1", 9, 9)), 6, "1")).toBe("sent");
  });
});

describe("ids and cursors", () => {
  it("name a direct conversation the same way from both sides", () => {
    expect(directId("12", "7")).toBe(directId("7", "12"));
    expect(directMembers(directId("12", "7"))).toEqual(["12", "7"]);
    for (const odd of ["g~1", "d~", "d~1", "d~2~1", "d~1~1", "d~1~2~3"]) expect(directMembers(odd)).toBeNull();
  });

  it("are read and written as they came", () => {
    expect(cursorText(cursorOf("17.41"))).toBe("17.41");
    expect(() => cursorOf("x")).toThrow(RangeError);
  });
});

describe("server-sent events", () => {
  it("are the same however the network cuts them", async () => {
    const text = 'id: 1.2\n: welcome\n\nid: 1.3\nevent: event\ndata: {"é":1}\n\n: still here\n\n';
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size <= bytes.length; size += 1) {
      let heard = 0;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      const said = [];
      for await (const each of serverSent(body, () => (heard += 1))) said.push(each);
      expect(said).toEqual([
        { id: "1.2", event: "", data: "" },
        { id: "1.3", event: "event", data: '{"é":1}' },
        { id: null, event: "", data: "" },
      ]);
      expect(heard).toBe(Math.ceil(bytes.length / size));
    }
  });
});

describe("a refusal over HTTP", () => {
  const told = (status: number, type: string, body: object) =>
    ofAnswer(new Response(JSON.stringify(body), { status, headers: { "content-type": type } }));

  it("is repeated where it says so, and not for its status", async () => {
    const kind = "application/problem+json";
    expect(await told(507, kind, { code: "storage_full" })).toMatchObject({ code: "storage_full", retryable: false });
    expect(await told(503, kind, { code: "unavailable", retryable: true })).toMatchObject({ retryable: true });
    // of whatever stands before the server
    expect(await told(502, "text/html", {})).toMatchObject({ code: "unavailable", retryable: true });
  });
});
