/** What the notices of a group make of its members, their roles, its title, its settings and its pins. */
import type { Kept } from "./conversation.js";
import type { NoticeEvent } from "./generated/chinwag.js";
import { type Member, newMember } from "./member.js";

/** Whether a notice is shown to nobody: of a wide group people are not told of each who comes or goes. */
export function isQuiet(held: Kept, { change }: NoticeEvent, me: string): boolean {
  if (!held.wide || !(change.type === "joined" || change.type === "left" || change.type === "removed")) return false;
  const turns = change.type === "joined" && (change.wide === true || change.large === true);
  return change.account !== me && !turns;
}

/** `held` after a notice, as the account `me` keeps it. A kind of notice that is unknown changes nothing but the head. */
export function afterNotice(held: Kept, notice: NoticeEvent, me: string): Kept {
  const next = apply(held, notice, me);
  // Of a list of some members one may not be on it, and is in all the same.
  const own = next.members.get(me);
  const still = own?.role ?? (next.whole ? null : next.role);
  return still === next.role ? next : { ...next, role: still };
}

function apply(held: Kept, notice: NoticeEvent, me: string): Kept {
  const change = notice.change;
  switch (change.type) {
    case "created": {
      const members = Object.entries(change.members).map(([account, role]) => newMember(account, role, 1));
      const whole = { whole: true, memberCount: members.length };
      const read = { read: 1, readOrdinal: 0 };
      return { ...withMembers(held, members), ...whole, ...read, title: change.title, settings: change.settings };
    }
    case "joined": {
      const joined = newMember(change.account, held.memberCount === 0 ? "owner" : "member", notice.number);
      const count = held.memberCount + (held.members.has(change.account) ? 0 : 1);
      if (held.wide || change.wide) {
        const large = change.large ? { large: true } : {};
        return { ...withMembers(held, ruling(held)), wide: true, whole: false, memberCount: count, ...large };
      }
      return { ...withMembers(held, [...others(held, change.account), joined]), memberCount: count };
    }
    case "left": {
      const heir = change.owner ? held.members.get(change.owner) : undefined;
      const inherited =
        heir === undefined ? held : withMembers(held, [...others(held, heir.account), { ...heir, role: "owner" }]);
      return without(inherited, change.account, me);
    }
    case "removed":
      return without(held, change.account, me);
    case "role":
      return withRole(held, change.account, change.role, me);
    case "title":
      return { ...held, title: change.title };
    case "avatar":
      return { ...held, avatar: change.avatar };
    case "settings":
      return { ...held, settings: change.settings };
    case "delivery":
      return { ...held, large: change.large };
    case "pinned": {
      const rest = held.pins.filter((one) => one !== change.number);
      return { ...held, pins: change.on && change.number >= held.first ? [...rest, change.number] : rest };
    }
    default:
      return held;
  }
}

function without(held: Kept, account: string, me: string): Kept {
  // One who is out sees no members, and those that remain are not counted for it either, nor is it told how they are kept.
  // What was heard of it beyond one's leaving is nothing that one may read.
  if (account === me) {
    const small = { ...withMembers(held, []), wide: false, large: false, whole: true, memberCount: 0 };
    const mentions = held.mentions.filter((one) => one <= held.head);
    return { ...small, role: null, mentions, pins: [], avatar: "", told: undefined };
  }
  return { ...withMembers(held, others(held, account)), memberCount: Math.max(0, held.memberCount - 1) };
}

/** Owner and admins, without marks: all that a wide group says of its members. */
function ruling(held: Kept): Member[] {
  const all = [...held.members.values()].filter((one) => one.role !== "member");
  return held.wide ? all : all.map((one) => newMember(one.account, one.role, 0));
}

function withRole(held: Kept, account: string, role: Member["role"], me: string): Kept {
  if (held.wide) {
    const rest = ruling(held).filter((one) => one.account !== account);
    const former = role === "owner" ? rest.map((one) => ({ ...one, role: "admin" as const })) : rest;
    const next = withMembers(held, role === "member" ? rest : [...former, newMember(account, role, 0)]);
    return account === me ? { ...next, role } : next;
  }
  const member = held.members.get(account);
  if (member?.role === role) return held;
  const given = [...held.members.values()].map((one): Member => {
    if (one.account === account) return { ...one, role };
    // Giving ownership away makes the giver an admin.
    return role === "owner" && one.role === "owner" ? { ...one, role: "admin" } : one;
  });
  return withMembers(held, given);
}

function others(held: Kept, account: string): Member[] {
  return [...held.members.values()].filter((one) => one.account !== account);
}

function withMembers(held: Kept, members: readonly Member[]): Kept {
  return { ...held, members: new Map(members.map((one) => [one.account, one])) };
}
