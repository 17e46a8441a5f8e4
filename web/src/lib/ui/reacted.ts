/** Who put a reaction on a message, in words. */
import type { Tallied } from "@chinwag/client";
import { talkWords } from "../words/talk.js";
import { listed, words } from "../words/words.js";
import type { Names } from "./summary.js";

/** "You, Ben and 3 others". Oneself comes first; of many not all are known. */
export function whoReacted({ by, count, mine }: Tallied, me: string, names: Names): string {
  const others = by.filter((account) => account !== me).map(names);
  const known = mine ? [words("You"), ...others] : others;
  const rest = count - known.length;
  return listed(rest > 0 ? [...known, words("notice.others", { n: rest })] : known);
}

/** All that is on a message, in a few words: for those who hear it read. */
export function heardReactions(reactions: readonly Tallied[], shown: (reaction: string) => string): string {
  if (reactions.length === 0) return "";
  const all = reactions.map((one) => `${shown(one.reaction)} ${one.count}`);
  return `, ${talkWords("talk.reactions")}: ${all.join(", ")}`;
}
