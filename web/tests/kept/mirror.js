/**
 * The client's rules for kept state, for a test in another language: a line of JSON in, a line of JSON out.
 *
 * The first argument is the built client. `mirror` tells apart the states of several devices.
 */
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { afterEvent, afterView, asideOf, isPulled, lags, raised, unread } = await import(
  pathToFileURL(process.argv[2]).href
);

/** @type {Map<number, Map<string, any>>} */
const mirrors = new Map();

const acts = {
  view: ({ held, view }) => {
    held.set(view.id, afterView(held.get(view.id), view));
    return null;
  },
  event: ({ held, event, me }) => {
    const applied = afterEvent(held.get(event.conversation), event, me);
    if (applied === null) return null;
    if (!("load" in applied)) {
      held.set(applied.kept.id, applied.kept);
      return null;
    }
    const kept = held.get(applied.load);
    if (!isPulled(kept)) return applied.load;
    const next = asideOf(kept, event, me);
    if (next === null) return applied.load;
    held.set(next.id, next);
    return lags(next) ? next.id : null;
  },
  moved: ({ held, told: { conversation, large, ...told } }) => {
    const kept = held.get(conversation);
    if (kept !== undefined && kept.role !== null) held.set(conversation, raised(kept, { ...told, small: !large }, 0));
    return null;
  },
  skip: ({ held, conversation, number }) => {
    const kept = held.get(conversation);
    if (kept !== undefined && kept.head < number) held.set(conversation, { ...kept, head: number });
    return null;
  },
  drop: ({ held, conversation }) => {
    held.delete(conversation);
    return null;
  },
  clear: ({ held }) => {
    held.clear();
    return null;
  },
  all: ({ held }) =>
    [...held.values()].map((kept) => ({
      ...kept,
      members: [...kept.members.values()],
      unread: unread({ ...kept, told: undefined }),
    })),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { act, mirror, ...wish } = JSON.parse(line);
  const held = mirrors.get(mirror) ?? new Map();
  mirrors.set(mirror, held);
  process.stdout.write(`${JSON.stringify(acts[act]({ held, ...wish }))}\n`);
}
