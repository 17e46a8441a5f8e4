/** A member of a conversation, and how far it has come. */
import type { Role } from "./generated/chinwag.js";

/** Numbers up to which the member has read and received, as far as one is told; times in milliseconds, 0: not known. */
export interface Member {
  readonly account: string;
  readonly role: Role;
  readonly read: number;
  readonly read_at: number;
  readonly delivered: number;
  readonly delivered_at: number;
}

/** A member that comes in at `number`: what lies before is behind it. */
export function newMember(account: string, role: Role, number: number): Member {
  return { account, role, read: number, read_at: 0, delivered: number, delivered_at: 0 };
}
