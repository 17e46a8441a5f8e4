/** What an account knows of itself, its friends and whom it blocks, kept by account events. */
import type { AccountChange, AccountSettings, AnnouncementView, Preferences } from "./generated/chinwag.js";

/** What one wants of a conversation of which one has said nothing. */
export const DEFAULTS: Preferences = {
  muted_until: 0,
  notify: "all",
  pinned: false,
  archived_at: 0,
  unread: false,
  every: false,
};

/** How it stands with somebody: friends, or a request of one of the two. */
export interface Bond {
  readonly state: "friends" | "requested";
  readonly by: string;
  readonly at: number;
}

export interface Profile {
  readonly account: string;
  readonly name: string;
  readonly display_name: string;
  readonly about: string;
  /** The version of one's picture; empty: there is none. */
  readonly avatar: string;
  readonly closed: boolean;
}

export interface Own {
  readonly friends: ReadonlyMap<string, Bond>;
  readonly blocked: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
  readonly settings: AccountSettings | null;
  /** What one wants of conversations: of those where anything was ever set. */
  readonly preferences: ReadonlyMap<string, Preferences>;
  /** One's own profile and those of friends, as far as events told them. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** The newest first. */
  readonly announcements: readonly AnnouncementView[];
  /** The version up to which each subject is known: an older change, or a copy, changes nothing. */
  readonly versions: ReadonlyMap<string, number>;
}

export const NOTHING: Own = {
  friends: new Map(),
  blocked: new Set(),
  devices: new Set(),
  settings: null,
  preferences: new Map(),
  profiles: new Map(),
  announcements: [],
  versions: new Map(),
};

/** Announcements kept; the older ones are asked for when somebody looks for them. */
const ANNOUNCEMENTS = 100;

/** What a change is about. Versions are compared between changes of one subject only. null: a kind not known. */
export function subject(change: AccountChange): string | null {
  switch (change.type) {
    case "friend_requested":
    case "friend_accepted":
    case "friend_declined":
    case "friend_withdrawn":
    case "friend_removed":
      return `friend:${change.friend}`;
    case "device_added":
    case "device_revoked":
      return `device:${change.device}`;
    case "profile_changed":
      return `profile:${change.account}`;
    case "settings_changed":
      return `settings:${change.account}`;
    case "account_disabled":
    case "account_closed":
      return `account:${change.account}`;
    case "block_changed":
      return `block:${change.blocked}`;
    case "push_gone":
      return `push:${change.device}`;
    case "preferences_changed":
      return `preferences:${change.conversation}`;
    case "announced":
      return `announcement:${change.id}`;
    default:
      return null;
  }
}

/** `own` after a change; the same value if the change is old, a copy, or not understood. `me`: one's own account. */
export function afterChange(own: Own, change: AccountChange, me: string): Own {
  const about = subject(change);
  if (about === null || change.version <= (own.versions.get(about) ?? 0)) return own;
  return { ...applied(own, change, me), versions: new Map(own.versions).set(about, change.version) };
}

function applied(own: Own, change: AccountChange, me: string): Own {
  switch (change.type) {
    case "friend_requested":
      return withBond(own, change.friend, { state: "requested", by: change.by, at: change.at });
    case "friend_accepted":
      return withBond(own, change.friend, { state: "friends", by: change.by, at: change.at });
    case "friend_declined":
    case "friend_withdrawn":
    case "friend_removed":
      return withBond(own, change.friend, null);
    case "profile_changed": {
      const { account, name, display_name, about, avatar } = change;
      return withProfile(own, { account, name, display_name, about, avatar, closed: false });
    }
    case "settings_changed":
      return { ...own, settings: change.settings };
    case "device_added":
      return { ...own, devices: new Set([...own.devices, change.device]) };
    case "device_revoked":
      return { ...own, devices: new Set([...own.devices].filter((one) => one !== change.device)) };
    case "account_closed":
      if (change.account === me) return own;
      return withBond(
        withProfile(own, { account: change.account, name: "", display_name: "", about: "", avatar: "", closed: true }),
        change.account,
        null,
      );
    case "account_disabled":
    case "push_gone":
      return own;
    case "preferences_changed":
      return { ...own, preferences: new Map(own.preferences).set(change.conversation, change.preferences) };
    case "block_changed": {
      const rest = [...own.blocked].filter((one) => one !== change.blocked);
      return { ...own, blocked: new Set(change.on ? [...rest, change.blocked] : rest) };
    }
    case "announced": {
      const { id, text, at } = change;
      const all = [{ id, text, at }, ...own.announcements.filter((one) => one.id !== id)];
      return { ...own, announcements: all.sort((a, b) => b.at - a.at).slice(0, ANNOUNCEMENTS) };
    }
  }
}

function withBond(own: Own, account: string, bond: Bond | null): Own {
  const friends = new Map(own.friends);
  if (bond === null) friends.delete(account);
  else friends.set(account, bond);
  return { ...own, friends };
}

function withProfile(own: Own, profile: Profile): Own {
  return { ...own, profiles: new Map(own.profiles).set(profile.account, profile) };
}
