import { describe, expect, it } from "vitest";
import { IN_FLIGHT, Outbox, type Refusal, type Waiting, type Written } from "./outbox.js";
import { seeded } from "./random.test-support.js";

const RETRY: Refusal = { code: "unavailable", retryable: true, retryAfter: null };
const FINAL: Refusal = { code: "recipient_refuses", retryable: false, retryAfter: null };
const OUT_OF_TURN: Refusal = { code: "out_of_turn", retryable: true, retryAfter: null };

function send(order: number, conversation = "c") {
  const frame = {
    type: "send" as const,
    id: `s${order}`,
    body: { type: "text" as const, text: `${order}` },
    conversation,
  };
  return { order, conversation, frame };
}

function change(order: number, conversation = "c") {
  const frame = { type: "change" as const, id: `s${order}`, conversation, change: { type: "leave" as const } };
  return { order, conversation, frame };
}

function filled(...waiting: Waiting[]): Outbox {
  const outbox = new Outbox(() => 0);
  for (const one of waiting) outbox.add(one);
  return outbox;
}

function edit(order: number, conversation = "c") {
  const body = { type: "text" as const, text: `${order}` };
  const frame = { type: "edit" as const, id: `s${order}`, conversation, number: 1, body };
  return { order, conversation, frame };
}

function erase(order: number, conversation = "c") {
  return { order, conversation, frame: { type: "delete" as const, id: `s${order}`, conversation, number: 1 } };
}

const ids = (frames: Written[]): string[] => frames.map((one) => one.id);
const afters = (frames: Written[]): (string | null | undefined)[] =>
  frames.map((one) => (one.type === "change" ? "change" : one.after));

describe("an outbox", () => {
  it("writes in the order of people's writing, each naming the one before it", () => {
    const due = filled(send(1), send(3), send(2)).due(0);
    expect(ids(due)).toEqual(["s1", "s2", "s3"]);
    expect(afters(due)).toEqual([undefined, "s1", "s2"]);
  });

  it("has at most 16 in flight, over all conversations", () => {
    const outbox = filled(...Array.from({ length: 40 }, (_, n) => send(n + 1, `c${n % 3}`)));
    expect(outbox.due(0)).toHaveLength(IN_FLIGHT);
    expect(outbox.due(0)).toEqual([]);
    outbox.placed("c0", "s1");
    expect(outbox.due(0)).toHaveLength(1);
  });

  it("takes the same one once", () => {
    const outbox = filled(send(1), send(1));
    expect(outbox.size).toBe(1);
    expect(outbox.due(0)).toHaveLength(1);
    expect(outbox.due(0)).toEqual([]);
  });

  it("keeps what stands behind an upload behind it, and lets it pass one that is held back", () => {
    const outbox = filled({ ...send(1), readiness: "uploading" }, send(2), send(3, "d"));
    // another conversation waits for nothing
    expect(ids(outbox.due(0))).toEqual(["s3"]);
    outbox.prepare("c", "s1", "paused");
    expect(ids(outbox.due(0))).toEqual(["s2"]);
    const { frame } = send(1);
    outbox.prepare("c", "s1", "ready", { ...frame, body: { type: "text", text: "with its upload" } });
    const [written] = outbox.due(0);
    expect(written).toMatchObject({ id: "s1", body: { text: "with its upload" } });
    // on its way it is neither held back nor changed
    outbox.prepare("c", "s1", "paused", frame);
    expect(outbox.isFlying("c", "s1")).toBe(true);
    outbox.disconnected();
    expect(ids(outbox.due(0))).toEqual(["s1", "s2", "s3"]);
  });

  it("writes edits and deletions in the same chain, so that no older one comes over a newer one", () => {
    const outbox = filled(send(1), edit(2), edit(3), erase(4), send(5));
    const due = outbox.due(0);
    expect(due.map((one) => one.type)).toEqual(["send", "edit", "edit", "delete", "send"]);
    expect(afters(due)).toEqual([undefined, "s1", "s2", "s3", "s4"]);
    // the first edit is lost, and what named it is refused as out of turn: all go again in their order
    outbox.placed("c", "s1");
    for (const id of ["s3", "s4", "s5"]) outbox.refused("c", id, OUT_OF_TURN, 0);
    outbox.disconnected();
    const again = outbox.due(0);
    expect(ids(again)).toEqual(["s2", "s3", "s4", "s5"]);
    expect(afters(again)).toEqual([undefined, "s2", "s3", "s4"]);
  });

  it("lets a change go alone", () => {
    const outbox = filled(send(1), change(2), send(3));
    expect(ids(outbox.due(0))).toEqual(["s1"]);
    outbox.placed("c", "s1");
    expect(ids(outbox.due(0))).toEqual(["s2"]);
    outbox.placed("c", "s2");
    expect(ids(outbox.due(0))).toEqual(["s3"]);
  });

  it("sends all again with the same ids when the connection went", () => {
    const outbox = filled(send(1), send(2));
    outbox.due(0);
    outbox.disconnected();
    expect(ids(outbox.due(0))).toEqual(["s1", "s2"]);
  });

  it("chains to the last that was not refused for good", () => {
    const outbox = filled(send(1), send(2), send(3));
    outbox.due(0);
    expect(outbox.refused("c", "s1", FINAL, 0)?.frame.id).toBe("s1");
    outbox.refused("c", "s2", OUT_OF_TURN, 0);
    outbox.refused("c", "s3", OUT_OF_TURN, 0);
    const again = outbox.due(0);
    expect(ids(again)).toEqual(["s2", "s3"]);
    expect(afters(again)).toEqual([undefined, "s2"]);
  });

  it("does not repeat what is out of turn before the one before it has its answer", () => {
    const outbox = filled(send(1), send(2));
    outbox.due(0);
    outbox.refused("c", "s2", OUT_OF_TURN, 0);
    expect(outbox.due(0)).toEqual([]);
    outbox.placed("c", "s1");
    expect(ids(outbox.due(0))).toEqual(["s2"]);
  });

  it("rests as long as the server says, in all conversations when the device's budget is used up", () => {
    const outbox = filled(send(1, "a"), send(2, "b"));
    outbox.due(0);
    outbox.refused("a", "s1", { code: "rate_limited", retryable: true, retryAfter: 2 }, 1_000);
    outbox.refused("b", "s2", RETRY, 1_000);
    expect(outbox.due(2_999)).toEqual([]);
    expect(outbox.nextDue(1_000)).toBeGreaterThanOrEqual(1_000);
    expect(ids(outbox.due(3_000))).toEqual(["s1", "s2"]);
  });

  it("gives up what the server fails at ten times, so that the rest goes on", () => {
    const outbox = filled(send(1), send(2));
    let given = null;
    for (let now = 0, tries = 0; given === null; now += 60_000, tries += 1) {
      expect(tries).toBeLessThan(10);
      outbox.due(now, 1);
      given = outbox.refused("c", "s1", { code: "internal", retryable: true, retryAfter: null }, now);
    }
    expect(given.frame.id).toBe("s1");
  });

  it("asks by id alone only when the server does not say where", () => {
    const outbox = filled(send(1, "a"), { ...send(2, "b"), frame: { ...send(1, "b").frame } });
    outbox.due(0);
    expect(outbox.refused("b", "s1", FINAL, 0)?.conversation).toBe("b");
    expect(outbox.refused(null, "s1", FINAL, 0)?.conversation).toBe("a");
  });

  it("places all once and in order, through lost answers, refusals and cuts", () => {
    for (let seed = 1; seed <= 300; seed += 1) play(seed);
  });
});

/** A server that keeps the protocol's rules, and a network that does what networks do. */
function play(seed: number): void {
  const random = seeded(seed);
  const outbox = new Outbox(random);
  const placed = new Map<string, string[]>([
    ["a", []],
    ["b", []],
  ]);
  const written = new Map<string, string[]>([
    ["a", []],
    ["b", []],
  ]);
  let order = 0;
  let now = 0;
  for (let step = 0; step < 4_000 && (order < 40 || outbox.size > 0); step += 1) {
    now += 500;
    if (order < 40 && random() < 0.5) {
      order += 1;
      const conversation = random() < 0.5 ? "a" : "b";
      const kind = [send, edit, erase][Math.floor(random() * 3)] ?? send;
      outbox.add(kind(order, conversation));
      written.get(conversation)?.push(`s${order}`);
    }
    for (const frame of outbox.due(now)) {
      if (frame.type === "change") continue;
      const conversation = frame.conversation ?? "";
      const there = placed.get(conversation) ?? [];
      if (!there.includes(frame.id)) {
        const chance = random();
        if (frame.after && !there.includes(frame.after)) outbox.refused(conversation, frame.id, OUT_OF_TURN, now);
        else if (chance < 0.2) outbox.refused(conversation, frame.id, RETRY, now);
        else if (chance < 0.3)
          outbox.refused(conversation, frame.id, { ...RETRY, code: "rate_limited", retryAfter: 1 }, now);
        else if (chance >= 0.35) there.push(frame.id);
        if (!there.includes(frame.id)) continue;
      }
      if (random() < 0.8) outbox.placed(conversation, frame.id);
    }
    if (random() < 0.1) outbox.disconnected();
  }
  expect(outbox.size, `seed ${seed}`).toBe(0);
  for (const [conversation, ids] of written) expect(placed.get(conversation), `seed ${seed}`).toEqual(ids);
}
