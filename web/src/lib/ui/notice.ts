/**
 * What a notification carries, whoever shows it: a tab that is open (`notify.ts`) or the service worker, for a push. Both
 * give a conversation the same tag, so there is one notification a conversation and never two of one message.
 */

/** What a notification carries. */
export interface Told {
  /** The address to which a click leads. */
  path: string;
  /** Whom it tells. */
  account: string;
  /** Null: it is of no single conversation. */
  conversation: string | null;
  /** Of the message that it tells of; 0: of none. */
  number: number;
  /** Of the edit that brought the words that it shows; 0: they are as they were sent. */
  edited: number;
  /** It shows no words of a message, as the person wishes; those of an edit are not shown either. */
  wordless: boolean;
}

/** What browsers take, and the type library does not all know. */
export interface NoticeOptions extends NotificationOptions {
  data: Told;
  tag: string;
  /** Tell of it anew, though one of that tag is shown. */
  renotify?: boolean;
  actions?: { action: string; type: "text" | "button"; title: string; placeholder?: string }[];
}

export const ICON = "/icon-192.png";
export const BADGE = "/icon-monochrome-512.png";
/** The action with which one answers inside the notification. */
export const REPLY = "reply";

/** What is shown of a conversation. `reply`: the words of the answer's button and field; null: it takes no answer. */
export function optionsOf(
  told: Told,
  body: string,
  {
    tag,
    silent = false,
    again = false,
    reply = null,
  }: {
    tag: string;
    silent?: boolean;
    again?: boolean;
    reply?: { title: string; placeholder: string } | null;
  },
): NoticeOptions {
  return {
    body,
    silent,
    tag,
    icon: ICON,
    badge: BADGE,
    data: told,
    ...(again ? { renotify: true } : {}),
    ...(reply === null ? {} : { actions: [{ action: REPLY, type: "text" as const, ...reply }] }),
  };
}
