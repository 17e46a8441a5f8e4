/** What tabs and the leading engine say to each other, over one channel. Both ends may be of different versions. */
import type { Cursor, KeptEvent, LogOutAnswer, Me, Method, Asked, Signal, TransportName } from "@chinwag/client";
import type { Connection, MediaAct, Presence, PreviewSize, UploadState } from "./api.js";

/** Of these messages and of what lies in the database. An app that hears a higher one must be loaded anew. */
export const VERSION = 3;

/** A request that the leader makes for a tab: only it has a token. */
export interface Ask {
  method: Method;
  path: string;
  body?: unknown;
  key?: string;
  once?: boolean;
}

/** What a tab asks of the leader, by name, and what the answer is. */
export interface Calls {
  http: { with: Ask; gives: unknown };
  /** Fetch a page of history into the database. Gives the numbers that are then known. */
  page: { with: { conversation: string; asked: Asked }; gives: { range: readonly [number, number] } };
  /** Ask what a message says now, in a while: not all who hear of a change at once. */
  look: { with: { conversation: string; number: number }; gives: null };
  /** Somebody opened the conversation: load its members, if not all are known. Gives false if there is none such. */
  opened: { with: { conversation: string }; gives: boolean };
  /** Ask how many react to messages of a large group. `screen`: with these, all that is shown was asked for. */
  counts: { with: { conversation: string; numbers: number[]; screen: boolean }; gives: null };
  /** Fetch a preview of what a message carries into the database. */
  preview: { with: { conversation: string; number: number; size: PreviewSize }; gives: null };
  /** Hold back, go on with, begin anew or take back a line that carries something. Gives whether it was still in time. */
  media: { with: { conversation: string; id: string; act: MediaAct }; gives: boolean };
  /** Fetch a picture of an account or a group. */
  avatar: { with: { path: string }; gives: Blob };
  /** Put a picture on the server. Gives its upload's id, once that is ready. */
  upload: { with: { file: Blob; name: string }; gives: string };
  presence: { with: { accounts: string[] }; gives: null };
  people: { with: { accounts: string[] }; gives: null };
  /** End the device. */
  logOut: { with: null; gives: LogOutAnswer | null };
}

export type CallName = keyof Calls;

export type ToLeader =
  /** Is there a leader? */
  | { type: "who" }
  /** There are new lines, or marks, in the database. */
  | { type: "lines" }
  | { type: "marks" }
  | { type: "typing"; conversation: string }
  /** Which conversation a window shows with focus: at each change, and every `WATCHED_AGAIN` while it does. */
  | { type: "watching"; tab: string; conversation: string | null }
  /** The network may be back. */
  | { type: "nudge" }
  | { type: "call"; call: string; name: CallName; with: unknown };

export interface PlainFailure {
  code: string;
  message: string;
  retryable: boolean;
  retryAfter: number | null;
}

export interface Rewritten {
  conversation: string;
  numbers: number[] | null;
}

/** Which part of the database to look at anew. */
export interface Changed {
  conversations: string[];
  /** Messages that are not what they were: their words, their reactions. Numbers null: all of a conversation may be so. */
  rewritten?: Rewritten[];
  people: boolean;
  own: boolean;
  lines: boolean;
  marks: boolean;
}

export type ToTabs =
  | { type: "alive" }
  | { type: "connection"; connection: Connection; ahead: number }
  | ({ type: "changed" } & Changed)
  | { type: "signal"; signal: Signal }
  /** Whoever shows the group is to ask for `counts` of what is on the screen. */
  | { type: "counting"; conversation: string }
  | { type: "presence"; known: [string, Presence | null][] }
  /** `tab`: who is to tell the person of it. `watched`: another tab shows the conversation, with focus. */
  | { type: "news"; tab: string; conversation: string; event: KeptEvent; watched: boolean }
  | { type: "answer"; call: string; gives: unknown; failure: PlainFailure | null }
  /** How far it is with what a line carries. */
  | ({ type: "upload"; line: string } & UploadState)
  | { type: "out"; code: string }
  | { type: "slow"; is: boolean };

/** Whatever is said, with the version of who says it. `leadership`: the number of the leader that says it. */
export type Message =
  | ({ to: "leader"; version: number } & ToLeader)
  | ({ to: "tabs"; version: number; leadership: number } & ToTabs)
  /** Who is logged in has changed: look it up. */
  | { to: "all"; version: number; type: "session" };

/** What a page says to its own worker, and hears from it. */
export type ToWorker =
  | { type: "begin"; tab: string }
  | { type: "visible"; is: boolean }
  | { type: "stop" }
  | { type: "door"; call: string; wish: DoorWish };

export type DoorWish =
  | { act: "server" }
  | { act: "logIn"; name: string; password: string; device: string }
  | { act: "begin"; provider: string; binding: string; return_to: string }
  | { act: "logInByProvider"; code: string; secret: string; invitation: string; device: string }
  | { act: "signUp"; name: string; password: string; display_name?: string; invitation?: string; device: string };

export type FromWorker =
  { type: "door"; call: string; gives: unknown; failure: PlainFailure | null } | { type: "stopped" };

export type { Cursor, Me, TransportName };

/** A channel among the pages and workers of this origin. */
export interface Channel {
  post(message: Message): void;
  close(): void;
}

/** Join the channel. Messages of a newer version are not for this app: `outdated` is told instead. */
export function join(name: string, take: (message: Message) => void, outdated: () => void): Channel {
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event: MessageEvent<unknown>) => {
    const message = event.data as Message;
    if (message.version > VERSION) outdated();
    else if (message.version === VERSION) take(message);
  };
  return {
    post: (message) => {
      channel.postMessage(message);
    },
    close: () => {
      channel.close();
    },
  };
}

/** Milliseconds after which a window with focus says again what it shows. */
export const WATCHED_AGAIN = 10_000;

/** The channel of all, whoever is logged in. */
export const CHANNEL = "chinwag";
