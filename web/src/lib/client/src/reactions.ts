/** Reactions to one message, counted. Each event is one more or one less. */
import type { ReactionEvent } from "./generated/chinwag.js";

/** Who put one reaction on a message: how many, the first of them in the order in which they did, and whether oneself. */
export interface Tallied {
  readonly reaction: string;
  readonly count: number;
  readonly by: readonly string[];
  readonly mine: boolean;
}

/** Accounts that a count names. */
export const NAMED = 10;

/** The sign that makes a pictograph of a character: left out of what is sent, told and compared. */
const PICTURED = /\uFE0F/g;

/** A reaction as it is sent and compared. */
export function bareReaction(reaction: string): string {
  return reaction.replace(PICTURED, "");
}

/** A reaction as it is shown: single characters that are text by themselves are made pictographs. */
export function shownReaction(reaction: string): string {
  const bare = bareReaction(reaction);
  if (/^[0-9#*]\u20E3$/.test(bare)) return `${bare[0]}\uFE0F\u20E3`;
  return bare.replace(/^(\p{Extended_Pictographic})(?!\p{Emoji_Modifier})/u, (sign) =>
    /\p{Emoji_Presentation}/u.test(sign) ? sign : `${sign}\uFE0F`,
  );
}

/** `held` after one more, or one less. `me`: one's own account. */
export function afterReaction(held: readonly Tallied[], { reaction, from, on }: ReactionEvent, me: string): Tallied[] {
  const named = bareReaction(reaction);
  const found = held.find((one) => one.reaction === named);
  // At a time of which one was told nothing it may have been put on, or taken back, already.
  const counted = found?.by.includes(from) ?? false;
  if (on !== false ? counted : !counted && found?.by.length === found?.count) return [...held];
  if (on === false) {
    return held.flatMap((one) => {
      if (one !== found) return [one];
      const by = one.by.filter((account) => account !== from);
      return one.count <= 1 ? [] : [{ ...one, count: one.count - 1, by, mine: one.mine && from !== me }];
    });
  }
  if (found === undefined) return [...held, { reaction: named, count: 1, by: [from], mine: from === me }];
  // Of more than are named nobody knows who comes next.
  const room = found.by.length === found.count && found.by.length < NAMED;
  const by = room ? [...found.by, from] : found.by;
  const more = { ...found, count: found.count + 1, by, mine: found.mine || from === me };
  return held.map((one) => (one === found ? more : one));
}
