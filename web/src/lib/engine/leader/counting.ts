/**
 * Reactions in a large group, which are no events there: whoever follows it is told of them once a second, and what was
 * missed is asked for of what is on the screen (docs/protocol.md, "Large groups").
 */
import {
  type Content,
  type CountsFrame,
  type Http,
  isDeleted,
  isMessage,
  type KeptEvent,
  type ReactionCountPage,
  reactionsOf,
  type Tallied,
} from "@chinwag/client";
import { EVENTS } from "../store/bounds.js";
import type { AccountDatabase } from "../store/database.js";
import type { EngineStore } from "../store/engine-store.js";
import { events } from "../store/reading.js";
import type { Inflow } from "./inflow.js";
import type { State } from "./state.js";

/** Messages of which it is remembered as of when each one's counts are. */
const REMEMBERED = 500;

export interface CountingParts {
  http: Http;
  state: State;
  database: AccountDatabase;
  store: EngineStore;
  inflow: Pick<Inflow, "turn" | "again" | "stored">;
  /** Messages have other reactions. */
  rewritten(conversation: string, numbers: number[]): void;
  /** Whoever shows the group is to ask for what is on the screen. */
  missed(conversation: string): void;
}

interface OnMessage {
  number: number;
  reactions: readonly { reaction: string; count: number; mine?: boolean }[];
}

export class Counting {
  private readonly parts: CountingParts;
  /** Of each group: up to which turn all was told. */
  private readonly turns = new Map<string, number>();
  /** Of each group: as of which turn its messages are, those changed last at the end. */
  private readonly known = new Map<string, Map<number, number>>();

  constructor(parts: CountingParts) {
    this.parts = parts;
  }

  /** What followers are told. */
  told({ conversation, before, turn, messages }: CountsFrame): void {
    this.parts.inflow.turn(async () => {
      const all = await this.keep(conversation, turn, messages, false);
      const held = this.turns.get(conversation) ?? 0;
      if (before > held || !all) this.parts.missed(conversation);
      else this.turns.set(conversation, Math.max(held, turn));
    });
  }

  /** Ask for the counts of messages; `screen`: of the last that are on the screen. Fails as requests do. */
  async ask(conversation: string, numbers: readonly number[], screen: boolean): Promise<void> {
    const { http, inflow } = this.parts;
    const query = new URLSearchParams(numbers.map((number) => ["message", String(number)]));
    const path = `/v1/conversations/${encodeURIComponent(conversation)}/reactions?${query.toString()}`;
    const { messages, turn } = await http.ask<ReactionCountPage>("GET", path);
    // Where there was none without a number, events tell of all.
    if (turn === 0) return;
    inflow.turn(async () => {
      await this.keep(conversation, turn, messages, true);
      if (screen) this.turns.set(conversation, Math.max(turn, this.turns.get(conversation) ?? 0));
    });
    await inflow.stored();
  }

  /** It is followed no longer. */
  forget(conversation: string): void {
    this.turns.delete(conversation);
    this.known.delete(conversation);
  }

  /** From here on events tell, of what pages have: what was counted is let go, with the messages. */
  small(conversation: string): void {
    const { database, inflow } = this.parts;
    this.forget(conversation);
    inflow.turn(async () => {
      const all = await events(database, conversation, [1, Number.MAX_SAFE_INTEGER], 2 * EVENTS, "first");
      const counted = all.some((one) => reactionsOf(one).some(({ by, count }) => by.length === 0 && count > 0));
      if (counted) inflow.again(conversation);
    });
  }

  /**
   * Keep what is on messages as of a turn. Whether oneself is among those who put it on is told by answers alone: so it is
   * taken of an older one, too. Gives false if one of them is yet to come.
   */
  private async keep(
    conversation: string,
    turn: number,
    messages: readonly OnMessage[],
    answer: boolean,
  ): Promise<boolean> {
    const { state, store, database } = this.parts;
    const record = state.records.get(conversation);
    if (record?.kept.large !== true) return true;
    const { head, told } = record.kept;
    const held = await database.run(["events"], "readonly", (tx) =>
      Promise.all(messages.map(({ number }) => tx.objectStore("events").get([conversation, number]))),
    );
    const known = this.known.get(conversation) ?? new Map<number, number>();
    this.known.set(conversation, known);
    const contents: Content[] = [];
    for (const [at, { number, reactions }] of messages.entries()) {
      const one = held[at];
      if (one === undefined || !isMessage(one.event) || isDeleted(one.event)) continue;
      const before = known.get(number) ?? 0;
      if (turn < before && !answer) continue;
      const shown = reactionsOf(one.event);
      const own = new Set((answer ? reactions : shown).flatMap((each) => (each.mine ? [each.reaction] : [])));
      const next = (turn < before ? shown : reactions).map(({ reaction, count }): Tallied => {
        return { reaction, count, by: [], mine: own.has(reaction) };
      });
      known.delete(number);
      known.set(number, Math.max(turn, before));
      if (isSame(shown, next)) continue;
      const event = { ...one.event, reactions: next } as unknown as KeptEvent;
      contents.push({ event, asOf: Math.max(head, told?.head ?? 0, one.asOf) });
    }
    for (const number of [...known.keys()].slice(0, -REMEMBERED)) known.delete(number);
    if (contents.length > 0) {
      state.take(await store.commit({ conversations: [record], contents }));
      this.parts.rewritten(
        conversation,
        contents.map(({ event }) => event.number),
      );
    }
    return messages.every(({ number }, at) => number <= head || held[at] !== undefined);
  }
}

function isSame(before: readonly Tallied[], next: readonly Tallied[]): boolean {
  if (before.length !== next.length) return false;
  return next.every(({ reaction, count, mine }, at) => {
    const held = before[at];
    return held?.reaction === reaction && held.count === count && held.mine === mine;
  });
}
