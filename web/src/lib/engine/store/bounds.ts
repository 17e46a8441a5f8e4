/** What is dropped when too much is cached. Functions of values. */
import { clipped, type Range, rangeAt } from "@chinwag/client";
import type { ConversationRecord } from "./records.js";

/** Events kept of one conversation, and bytes in all. */
export const EVENTS = 2_000;
export const BYTES = 200 * 1024 * 1024;
/** Previews kept of what messages carry, and bytes of one: a server's are smaller. */
export const PREVIEWS = 500;
export const PREVIEW_BYTES = 2 * 1024 * 1024;
/** Events of a conversation that are dropped last: what is seen when it is opened. */
export const NEWEST = 50;

/**
 * Which numbers of a conversation to keep, of those in `numbers` (rising), so that at most `most` remain: those nearest
 * to `near`, the number that was looked at last. Null if none must go.
 */
export function keptNumbers(numbers: readonly number[], near: number, most: number): Range | null {
  if (numbers.length <= most) return null;
  const found = numbers.findIndex((one) => one >= near);
  const at = found === -1 ? numbers.length - 1 : found;
  const start = Math.min(Math.max(0, at - Math.floor(most / 2)), numbers.length - most);
  const low = numbers[start];
  const high = numbers[start + most - 1];
  return low === undefined || high === undefined ? null : [low, high];
}

/** A conversation's record when only events in `kept` are left, `count` of them. */
export function cut(record: ConversationRecord, kept: Range, count: number, bytes: number): ConversationRecord {
  // The newest number is known by `kept.last`, whatever is cached.
  const top = rangeAt(record.ranges, kept[1]);
  const high = top !== null && top[1] === record.kept.head ? record.kept.head : kept[1];
  return { ...record, ranges: clipped(record.ranges, [kept[0], Math.max(kept[1], high)]), count, bytes };
}

/** Which conversations lose their events, the least recently opened first, so that all take at most `most` bytes. */
export function tooMuch(records: Iterable<ConversationRecord>, most = BYTES): string[] {
  const all = [...records];
  let bytes = all.reduce((sum, one) => sum + one.bytes, 0);
  const drop: string[] = [];
  for (const one of all.sort((a, b) => a.opened - b.opened || a.kept.at - b.kept.at)) {
    if (bytes <= most) break;
    if (one.count <= NEWEST) continue;
    bytes -= one.bytes;
    drop.push(one.id);
  }
  return drop;
}

/** About how many bytes an event takes. */
export function bytesOf(event: unknown): number {
  return JSON.stringify(event).length * 2 + 100;
}
