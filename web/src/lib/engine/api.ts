/**
 * What the screens may use of the engine, and nothing else of it.
 *
 * Everything that changes is a `Watched` value: it has a value at once (from the cache, if there is one), tells each
 * change, and fits Svelte's `$value` as it is. Values are never changed in place. Everything that asks the server is a
 * promise; it fails with a `Failure` and with nothing else.
 *
 * The same engine stands behind all tabs of a browser: what is done in one is seen in all.
 */
import type {
  AccountSettings,
  AnnouncementView,
  Block,
  DeviceEntry,
  Friend,
  GroupAction,
  GroupCard,
  GroupSettings,
  IdentityEntry,
  LinkEntry,
  Me,
  MediaLink,
  MemberPage,
  Membership,
  NewLink,
  Placed,
  Preferences,
  ReactionPage,
  Receipt,
  Role,
  SearchPage,
  ServerInfo,
  User,
} from "@chinwag/client";
import type { As, KeptEvent, Media, Member } from "@chinwag/client";
import type { Pushes } from "./pushes.js";

export type AccountId = string;
export type ConversationId = string;

/** A value that changes. Subscribers are called at once with the present value, then at each change. */
export interface Watched<T> {
  readonly now: T;
  subscribe(run: (value: T) => void): () => void;
}

/**
 * Why something could not be done. `code` is of the server's catalogue of errors (docs/protocol.md), or one of these:
 * `unreachable` (no answer came), `logged_out`, `outbox_full`, `no_room` (the browser keeps no file of that size),
 * `storage` (the browser's database failed).
 */
export interface Failure extends Error {
  readonly name: "Failure";
  readonly code: string;
  /** Whether the very same again can help. */
  readonly retryable: boolean;
  /** Seconds until then, if the server said so. */
  readonly retryAfter: number | null;
  /** The server's own words, for those who ask for more. */
  readonly detail: string;
}

// Who is here

export type Session =
  /** The browser's database is being read: show nothing yet. */
  | { state: "starting" }
  /** Show the door. `why`: a session ended by itself, with this code of the catalogue; else null. */
  | { state: "out"; why: string | null; name: string | null }
  /** Somebody is logged in, here and in all tabs. `me.version` 0: not loaded yet, but its id and name are known. */
  | { state: "in"; me: Me; device: string }
  /** Another account logged in in another tab. This one's unsent lines are kept: ask which to go on with. */
  | { state: "other"; me: Me; unsent: number };

export interface Connection {
  /** online: an answer was heard lately. connecting: the first try, or one right after a loss. offline: tries fail. */
  state: "connecting" | "online" | "offline";
  /** When what is shown was up to date, in milliseconds since 1970; null while online, or if never. */
  asOf: number | null;
  /** When the next try begins, in milliseconds since 1970; null while trying or online. */
  nextTry: number | null;
  /** How it hears the server. */
  transport: "socket" | "stream" | "poll" | null;
  /** Things that the banner should say besides. */
  trouble: Trouble | null;
}

/**
 * storage_slow: the database did not answer for 5 s. storage_failed: it cannot be opened. outdated: another tab is
 * newer; reload (what is in the composer is kept). insecure: the address is not secure; one tab only, nothing is kept
 * for offline use.
 */
export type Trouble = "storage_slow" | "storage_failed" | "outdated" | "insecure";

// People

/** Somebody, as far as known. `known` false: only the id is; it is being asked for. Of a closed one only the id is left. */
export interface Person extends User {
  known: boolean;
}

/** online; or when last active (milliseconds since 1970, 0: never seen). Missing: one may not know. */
export interface Presence {
  online: boolean;
  last_active_at: number;
}

// Conversations

/** What is typed and not sent. */
export interface Draft {
  text: string;
  /** The number of the message that it answers, 0 for none. */
  reply_to: number;
  mentions: AccountId[];
}

/** One row of the list. */
export interface ConversationRow {
  id: ConversationId;
  kind: "direct" | "group";
  /** One's own role; null: one is no member any more, and may only read. */
  role: Role | null;
  /** Of a group. A direct conversation is called as `other` is. */
  title: string;
  /** The version of a group's picture; empty: none. */
  avatar: string;
  /** The other one of a direct conversation, else null. */
  other: AccountId | null;
  /** Its last event, or what waits in the outbox below it. */
  last: KeptEvent | Unsent | null;
  /** Of `last`, if it is one's own message. */
  lastState: SendState | null;
  /** When `last` was sent, in milliseconds since 1970. */
  at: number;
  unread: number;
  /** Those of them that speak to oneself. */
  mentions: number;
  /** What one wants of it, on all of one's devices. */
  preferences: Preferences;
  muted: boolean;
  /** It stands apart from the others, until something is said in it; while it is muted, for good. */
  archived: boolean;
  draft: Draft | null;
  /** Who is writing now. */
  typing: readonly AccountId[];
  /** Messages that were refused and wait for a decision. */
  refused: number;
}

/** A conversation that is open. */
export interface ConversationDetail extends ConversationRow {
  settings: GroupSettings;
  /** All present members, once the conversation was opened; the list may know some of them. */
  members: ReadonlyMap<AccountId, Member>;
  memberCount: number;
  /** There are so many that `members` has the owner and admins alone, and nobody is told of others' marks. */
  wide: boolean;
  /** What is said in it is fetched while it is open, and else only counted. */
  large: boolean;
  /** The first and the last number that one may read; `last` 0: nothing was said yet. */
  first: number;
  head: number;
  /** The last message or notice: those alone are shown. */
  shown: number;
  /** Pinned messages, the one pinned last at the end. */
  pins: readonly number[];
  /** The number up to which one has read, here or elsewhere. */
  read: number;
}

// Messages

/** sending: not answered yet. The rest as others' marks say; in a group delivered and read when all have it. */
export type SendState = "sending" | "sent" | "delivered" | "read" | "refused";

/** A message or a change of one's own that the server has not placed yet. */
export interface Unsent {
  kind: "unsent";
  id: string;
  text: string;
  reply_to: number;
  mentions: AccountId[];
  /** When it was written, in milliseconds since 1970. */
  at: number;
  /** The code with which it was refused for good; null while it is on its way. */
  refused: string | null;
  /** It has its place, and its event follows at once. */
  placed: boolean;
  /** What it carries besides the text, which is its caption; null: nothing. */
  media: UnsentMedia | null;
}

/** A picture, a video, a sound or a file on its way. */
export interface UnsentMedia {
  name: string;
  media_type: string;
  /** Bytes. */
  size: number;
  as: As;
  width?: number;
  height?: number;
  duration?: number;
  blur?: string;
  /** Of one that is forwarded: where it is. */
  from?: { conversation: ConversationId; number: number };
  /** All of it is on the server, and the message may go. */
  ready: boolean;
  paused: boolean;
}

/** waiting: others go before it, or the server cannot be reached. processing: all is there, and the server looks at it. */
export interface UploadState {
  state: "waiting" | "sending" | "processing";
  /** Bytes that the server has. */
  sent: number;
}

/** What one may do with a message that carries something and has not gone yet; `again`: with one that was refused. */
export type MediaAct = "pause" | "resume" | "again" | "cancel";

/** Pixels of a preview's longer side, at most. */
export type PreviewSize = "320" | "1280";

/** What is to be sent. */
export interface NewMedia {
  file: Blob;
  name: string;
  media_type: string;
  as: As;
  caption?: string;
  mentions?: AccountId[];
  reply_to?: number;
  width?: number;
  height?: number;
  duration?: number;
  /** A still of a video. */
  poster?: Blob;
}

/** A message that carries something. */
export interface MediaMessage {
  event: KeptEvent;
  media: Media;
}

/** Some of them, the newest first; `next`: what the page after it is asked for with, null being the end. */
export interface MediaMessages {
  items: readonly MediaMessage[];
  next: number | null;
}

/** An edit or a deletion of one's own that the server has not placed yet. */
export interface Pending {
  kind: "edit" | "delete";
  /** Of the line: what `discard` takes. */
  id: string;
  /** What the message is to say. */
  text: string;
  /** The code with which it was refused for good; null while it is on its way. */
  refused: string | null;
}

/**
 * One row of a conversation, with a key that stays the same when one's own message is placed. With `pending` the event is
 * as one wants it, while that is on its way; and as it is, once that was refused.
 */
export type Row =
  | { key: string; number: number; event: KeptEvent; unsent: null; pending?: Pending }
  | { key: string; number: null; event: null; unsent: Unsent; pending?: never };

/** Where a window begins: at a number (which is then inside, about in the middle), the first unread, or the end. */
export type Place = number | "unread" | "newest";

export interface WindowState {
  /** Rising. What is unsent stands at the end, when the window reaches it. */
  rows: readonly Row[];
  /** Whether there is nothing before the first row, or after the last one. */
  atStart: boolean;
  atEnd: boolean;
  /** Rows are being fetched from the server, before the first or after the last one. */
  loading: { before: boolean; after: boolean };
  /** The last fetch failed; `showBefore` or `showAfter` tries again. */
  failed: Failure | null;
  /** The place that `open` or `jump` led to: the number to scroll to, and a count that rises with each jump. */
  target: { number: number | null; jump: number };
  /** The first unread number when the conversation was opened; it stays until `close`. null: there was none. */
  unreadFrom: number | null;
  /** Messages of others after the last row shown, and after the read mark. */
  below: number;
}

/**
 * A window on a conversation's rows: at most 400, contiguous; those who joined together count as one. It moves over a history of any length; rows come from
 * the cache where it has them. What lies inside it stays there while others are added, so an anchor holds: one that
 * reaches the end takes what comes until it is full; then `atEnd` is false, and `showAfter` goes on.
 */
export interface MessageWindow extends Watched<WindowState> {
  /** Which row is being read, by its key; null: the newest. Set by who shows the window: that row never goes. */
  reading: () => string | null;
  /** Show about `count` more (default 50) at one side; rows at the other go, beyond 400. Returns when they are there. */
  showBefore(count?: number): Promise<void>;
  showAfter(count?: number): Promise<void>;
  /** Go elsewhere. Returns when the rows there are shown. */
  jump(to: Place): Promise<void>;
  /** Forget it: it changes no more. */
  close(): void;
}

/** Something that came for the person: a message, or what changes one that it may have been told of. It is told in one tab alone, the one that leads. */
export interface News {
  conversation: ConversationId;
  event: KeptEvent;
  /** A window with the conversation has focus: nothing need be said. */
  watched: boolean;
}

/** A conversation or a person that `find` found, the best first. */
export type Found = { kind: "conversation"; row: ConversationRow } | { kind: "person"; person: Person };

/** What to look for in messages on the server. Words, filters, or both. */
export interface Search {
  words: string;
  /** In one conversation; null: in all. */
  conversation: ConversationId | null;
  /** Only those that speak to oneself. */
  mentions: boolean;
}

/** A cached message with a word that was searched for. */
export interface FoundMessage {
  conversation: ConversationId;
  event: KeptEvent;
}

export interface Engine extends Pushes {
  readonly session: Watched<Session>;
  readonly connection: Watched<Connection>;
  /** The person does not want to wait for the next try. */
  tryNow(): void;
  /** By activity, the latest first. */
  readonly conversations: Watched<readonly ConversationRow[]>;
  /** All that are known. Ask for one with `person`: it is fetched if it is not among them. */
  readonly people: Watched<ReadonlyMap<AccountId, Person>>;
  readonly presence: Watched<ReadonlyMap<AccountId, Presence>>;
  readonly friends: Watched<readonly Friend[]>;
  /** Whom one blocks. */
  readonly blocked: Watched<ReadonlySet<AccountId>>;
  readonly settings: Watched<AccountSettings | null>;
  /** What the server said to everybody, the newest first. */
  readonly announcements: Watched<readonly AnnouncementView[]>;
  /** Unread messages in all conversations that are not muted: for the title, the icon and the app's badge. */
  readonly unread: Watched<number>;
  /** Those of them that speak to oneself. */
  readonly mentions: Watched<number>;
  /** A new version of the app waits; `updateApp` reloads with it. */
  readonly update: Watched<boolean>;
  updateApp(): void;
  /** The server's clock, in milliseconds since 1970, as far as known: for "last seen" and day pills. */
  clock(): number;

  // The door
  /** What this server is, and whether people may sign up: said before anybody types. */
  server(): Promise<ServerInfo>;
  signUp(wish: { name: string; password: string; display_name?: string; invitation?: string }): Promise<void>;
  logIn(name: string, password: string): Promise<void>;
  /**
   * Set out for a provider that `server` names: gives the address to send this page to. `binding`: SHA-256 of a secret,
   * in base 64 for URLs; `returnTo`: where the page comes back to.
   */
  setOut(provider: string, binding: string, returnTo: string): Promise<string>;
  /** Log in with what came back, and the secret. `invitation`: for a first log-in, where one is asked for. */
  logInByProvider(code: string, secret: string, invitation?: string): Promise<void>;
  /** How many lines wait unsent, of whichever account was here last: ask before `logIn` as another, and `logOut`. */
  unsent(): Promise<{ account: AccountId; name: string; count: number } | null>;
  /**
   * End this device, and wipe what the browser keeps of the account: the outbox too. Gives the address at which the
   * person ends their log-in at the provider, if one let this device in that has such a place.
   */
  logOut(): Promise<string | null>;
  /** After `other`: go on with the account that is logged in now. Its own unsent lines wait until its next log-in. */
  goOn(): void;

  // Reading
  /** A conversation to show; null while nothing is known of it (it may begin with the first message). */
  conversation(id: ConversationId): Watched<ConversationDetail | null>;
  /** Open a window. What is cached is in it at once, in the same task if the conversation was shown before. */
  open(id: ConversationId, at?: Place): MessageWindow;
  /** The person has seen everything up to `number`: said until the server has it. */
  read(id: ConversationId, number: number): void;
  /** On this device, count everything from `number` on as unread, until the person has read it anew. */
  unreadFrom(id: ConversationId, number: number): Promise<void>;
  /** The number of the first message that was sent at a moment or later, about; null: there is none. */
  numberAt(id: ConversationId, moment: number): Promise<number | null>;
  /** It is before the person, and what it says now is not known: ask for it, in a while. */
  recheck(id: ConversationId, number: number): Promise<void>;
  /** Told which messages are not what they were; numbers null: any of the conversation may not be. */
  onRewritten(run: (conversation: ConversationId, numbers: readonly number[] | null) => void): () => void;
  /** One event by its number, from the cache or the server: for quotes. null: there is none that one may read. */
  event(id: ConversationId, number: number): Promise<KeptEvent | null>;
  receipts(id: ConversationId, number: number): Promise<Receipt[]>;
  /** Who has put which reaction on a message, in that order: those after the one of event `after`, a page of them. */
  reactedBy(id: ConversationId, number: number, after?: number): Promise<ReactionPage>;
  /** Pinned messages as they are now, the one pinned last at the end. */
  pins(id: ConversationId): Promise<KeptEvent[]>;
  /** How one's own message stands with others. */
  sendState(event: KeptEvent, detail: ConversationDetail): SendState;
  /** The id of the direct conversation with somebody, whether it has begun or not. */
  directWith(account: AccountId): ConversationId;
  find(query: string, limit?: number): Found[];
  /** In what is cached, the newest first, at most `limit` (default 50). */
  search(words: string, limit?: number): Promise<FoundMessage[]>;
  /** In all that one may read, on the server, the newest first. `before`: the `next` of the page before. */
  searchAll(search: Search, before?: string): Promise<SearchPage>;
  /** How far it is with what lines carry, by their ids. */
  readonly uploads: Watched<ReadonlyMap<string, UploadState>>;
  /** A preview of what a message carries, from the cache or the server. */
  preview(id: ConversationId, number: number, size: PreviewSize): Promise<Blob>;
  /** What one's own line carries, while it is not sent; null: it is not kept here. */
  carried(unsent: string): Promise<Blob | null>;
  /** Where the whole of what a message carries is, good for a while and for this account alone; `play`: a video in the form in which it plays best. */
  mediaLink(id: ConversationId, number: number, play?: boolean): Promise<MediaLink>;
  /** Messages of a conversation that carry something, the newest first; `before`: those with lower numbers. */
  mediaOf(id: ConversationId, before?: number): Promise<MediaMessages>;
  /** The picture of an account, or of a group, in that version: asked for once while it is shown. */
  avatar(id: string, group: boolean, version: string): Promise<Blob>;
  /** Give oneself (null) or a group another picture; `picture` null: take it away. Returns once the server has made it. */
  setAvatar(group: ConversationId | null, picture: File | null): Promise<void>;
  /** Tell which conversation this window shows with focus; null: none. */
  watching(id: ConversationId | null): void;
  /** What comes for the person, in the leading tab. */
  onNews(run: (news: News) => void): () => void;

  // Writing
  /** Returns when it is kept on disk: from then on it is sent, once and in order, whatever happens. */
  send(id: ConversationId, message: { text: string; reply_to?: number; mentions?: AccountId[] }): Promise<void>;
  /**
   * Send a picture, a video, a sound or a file. Returns when it is kept on disk: from then on it goes up and is sent, in
   * order with what else is written, whatever happens; once it has gone its bytes are let go. Fails with `no_room` if the
   * browser keeps no more.
   */
  sendMedia(id: ConversationId, media: NewMedia): Promise<void>;
  /** Hold back, go on with, or take back a message that carries something. False: it is too late for that. */
  mediaAct(id: ConversationId, unsent: string, act: MediaAct): Promise<boolean>;
  /** Send what a message says to another conversation: a text anew, media as it is on the server. */
  forward(message: KeptEvent, to: ConversationId): Promise<void>;
  /** Give one's own message other words. Returns when it is kept on disk, as `send` does, and goes in the same order. */
  edit(id: ConversationId, number: number, message: { text: string; mentions?: AccountId[] }): Promise<void>;
  /** Take a message away, for all and for ever. Returns when that is kept on disk, as `edit` does. */
  erase(id: ConversationId, number: number): Promise<void>;
  /** Put a reaction on a message, or take one's own back. */
  react(id: ConversationId, number: number, reaction: string, on: boolean): Promise<void>;
  /** Drop a message, an edit or a deletion that was refused. */
  discard(unsent: string): Promise<void>;
  /** The person is writing: call it with each stroke. */
  typing(id: ConversationId): void;
  draft(id: ConversationId): Promise<Draft | null>;
  /** Keep a draft; null drops it. */
  keepDraft(id: ConversationId, draft: Draft | null): Promise<void>;

  /** Say what one wants of a conversation, on all of one's devices. What is left out stays as it is. */
  prefer(id: ConversationId, wish: Partial<Preferences>): Promise<void>;

  // Groups
  /** Members in the order in which they came, page by page (`next` of one is `after` of the next), or some by name. */
  members(id: ConversationId, wish: { search?: string; after?: string }): Promise<MemberPage>;
  createGroup(title: string, members: AccountId[], settings?: GroupSettings): Promise<Placed>;
  /** Members, roles, title, settings, leaving, joining. Repeated by itself with one key: it is done once. */
  change(id: ConversationId, change: GroupAction): Promise<Placed>;
  groups(search: string, after?: string): Promise<{ items: GroupCard[]; next: string | null }>;
  group(id: ConversationId): Promise<GroupCard>;
  linkLeadsTo(code: string): Promise<GroupCard>;
  joinByLink(code: string): Promise<Membership>;
  links(id: ConversationId): Promise<LinkEntry[]>;
  createLink(id: ConversationId, wish?: { uses?: number; valid_hours?: number }): Promise<NewLink>;
  revokeLink(id: ConversationId, link: string): Promise<void>;

  // People
  /** Somebody; fetched if unknown. */
  person(account: AccountId): Watched<Person>;
  /** Search people on the server by a prefix, from two characters. */
  searchPeople(prefix: string): Promise<User[]>;
  /** The one of that very name. */
  personNamed(name: string): Promise<User | null>;
  /** Ask again how it stands with these (members of a large group, say): `presence` then has them. */
  refreshPresence(accounts: AccountId[]): Promise<void>;
  /** Ask for friendship, or accept. */
  befriend(account: AccountId): Promise<void>;
  /** End it, decline, or take one's request back. */
  unfriend(account: AccountId): Promise<void>;
  block(account: AccountId): Promise<void>;
  unblock(account: AccountId): Promise<void>;
  blocks(): Promise<Block[]>;

  // One's own account
  changeProfile(profile: { display_name?: string; about?: string }): Promise<Me>;
  changeSettings(settings: Partial<AccountSettings>): Promise<void>;
  changePassword(current: string, next: string, keepOthers: boolean): Promise<void>;
  /** Close it for ever, and wipe what the browser keeps of it. */
  closeAccount(password: string): Promise<void>;
  /** At which providers one is known as this account. */
  identities(): Promise<IdentityEntry[]>;
  /** Set out to link the account that one has at a provider; else as `setOut`. */
  setOutToLink(provider: string, binding: string, returnTo: string): Promise<string>;
  /** Link what came back. */
  link(provider: string, code: string, secret: string): Promise<void>;
  /** Be known there no longer. The last way to log in stays (`last_login`). */
  unlink(provider: string): Promise<void>;
  devices(): Promise<DeviceEntry[]>;
  logOutDevice(device: string): Promise<void>;
}
