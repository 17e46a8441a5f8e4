/** What a push leads to, given what is shown already. Pure. */
import { type NoticeOptions, optionsOf, type Told } from "../../lib/ui/notice.js";
import { noticed } from "../../lib/words/noticed.js";
import type { Pushed } from "./payload.js";

/** A notification that is shown. */
export interface Shown {
  tag: string;
  data: Partial<Told> | null;
}

export interface Notice {
  title: string;
  options: NoticeOptions;
}

export interface Plan {
  /** Null: nothing new. */
  show: Notice | null;
  /** The tags of those that go. */
  close: readonly string[];
  /** What the app's badge says; 0: it goes. */
  badge: number;
}

/** Tags of what tells of no single conversation: no conversation is called so. */
export const SUMMARY = "~summary";
export const TEST = "~test";
export const QUIET = "~all-read";
export const UNKNOWN = "~push";

/**
 * `looked`: a visible window of the account has the conversation open. `insists`: this browser ends the subscription of
 * an app that shows nothing for a push.
 */
export function plan(pushed: Pushed, shown: readonly Shown[], { looked, insists }: Circumstances): Plan {
  const quiet = shown.filter(({ tag }) => tag === QUIET).map(({ tag }) => tag);
  const badge = pushed.unread;
  switch (pushed.kind) {
    case "message": {
      const held = shown.find(({ tag }) => tag === pushed.conversation)?.data?.number ?? 0;
      // Of what is shown already, or was followed by what is, nobody is told twice.
      const late = held > pushed.number && !insists;
      return { show: looked || late ? null : message(pushed, held < pushed.number), close: quiet, badge };
    }
    case "clear": {
      const over = shown.filter((one) => isOver(one, pushed)).map(({ tag }) => tag);
      const left = shown.length - over.length;
      return { show: insists && left === 0 ? allRead(pushed.account) : null, close: over, badge };
    }
    case "summary": {
      const body = pushed.unread > 0 ? noticed("news.unread", { n: pushed.unread }) : noticed("news.some");
      return { show: plainly(pushed.account, body, SUMMARY), close: quiet, badge };
    }
    case "test":
      return { show: plainly(pushed.account, noticed("news.test"), TEST, "/settings"), close: quiet, badge };
  }
}

export interface Circumstances {
  looked: boolean;
  insists: boolean;
}

/** Of a push that says nothing that is understood: a browser demands that something be shown. */
export function unknown(): Notice {
  return plainly("", noticed("news.some"), UNKNOWN);
}

function message(pushed: Extract<Pushed, { kind: "message" }>, again: boolean): Notice {
  const { account, conversation, number, title, sender, text } = pushed;
  const group = title !== "" && title !== sender;
  const named = group && sender !== "" ? noticed("news.in", { who: sender, group: title }) : sender || title;
  const path = `/c/${encodeURIComponent(conversation)}/${number}`;
  const told = { path, account, conversation, number, edited: 0, wordless: text === "" };
  const reply = { title: noticed("news.reply"), placeholder: noticed("news.answer") };
  const options = optionsOf(told, text || noticed("news.new"), { tag: conversation, silent: !again, again, reply });
  return { title: named || noticed("news.app"), options };
}

/** Whether a push says that this one is done with. A message after the one that was read, or deleted, is not. */
function isOver({ tag, data }: Shown, pushed: Extract<Pushed, { kind: "clear" }>): boolean {
  if (pushed.unread === 0) return true;
  if (pushed.also.includes(tag)) return true;
  if (tag !== pushed.conversation) return tag === QUIET;
  return pushed.number === 0 || (data?.number ?? 0) <= pushed.number;
}

function allRead(account: string): Notice {
  const { title, options } = plainly(account, noticed("news.read"), QUIET);
  return { title, options: { ...options, silent: true } };
}

function plainly(account: string, body: string, tag: string, path = "/"): Notice {
  const told = { path, account, conversation: null, number: 0, edited: 0, wordless: true };
  return { title: noticed("news.app"), options: optionsOf(told, body, { tag }) };
}
