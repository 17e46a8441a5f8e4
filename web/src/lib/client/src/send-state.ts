/** How one's own message stands with the others, by their marks. */
import type { Kept } from "./conversation.js";

export type Reached = "sent" | "delivered" | "read";

/**
 * Of one's own message at `number`. Delivered, read: when all others have it, as far as the members are known; of a
 * list of some members nothing is claimed.
 */
export function reached(kept: Pick<Kept, "members" | "whole">, number: number, me: string): Reached {
  const others = [...kept.members.values()].filter((one) => one.account !== me);
  if (!kept.whole || others.length === 0) return "sent";
  if (others.every((one) => one.read >= number)) return "read";
  return others.every((one) => Math.max(one.read, one.delivered) >= number) ? "delivered" : "sent";
}
