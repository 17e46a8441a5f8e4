/** What can be done with a message: by its menu, by the tools beside it, and by a key each. */
import { isDeleted, isMessage, kindOf, reactionsOf } from "@chinwag/client";
import type { ConversationDetail, Row } from "../engine/api.js";
import type { IconName } from "../icons.js";
import type { TalkKey } from "../words/talk.js";
import { authorOf, rowMedia, rowText } from "./layout.js";

export interface Choice {
  readonly name: TalkKey;
  readonly icon: IconName;
  /** The letter that does it while the message has the focus. */
  readonly key: string;
  readonly run: () => void;
}

/** Who does it. */
export interface Doing {
  copy(text: string): void;
  copyLink(number: number): void;
  /** Select the text of the row with this key, so that a part of it can be copied. */
  select(key: string): void;
  reply(number: number): void;
  edit(number: number): void;
  /** Show what the row carries, or play it. */
  view(row: Row): void;
  download(number: number): void;
  /** Ask where to send it too. */
  forward(row: Row): void;
  /** Ask which reaction to put on it. */
  react(number: number): void;
  pin(number: number, on: boolean): void;
  /** Ask whether to delete it. */
  erase(number: number): void;
  receipts(number: number): void;
  /** Show all who have reacted. */
  reacted(number: number): void;
  unreadFrom(number: number): void;
}

/** me: one's own account. member: whether one still is, and so may answer. detail: null while nothing is known of it. */
export function choicesOf(
  row: Row,
  me: string,
  member: boolean,
  detail: ConversationDetail | null,
  doing: Doing,
): Choice[] {
  const found: Choice[] = [];
  const add = (name: TalkKey, icon: IconName, key: string, run: () => void): void => {
    found.push({ name, icon, key, run });
  };
  const text = rowText(row);
  const media = rowMedia(row);
  const { number } = row;
  const there = row.event !== null && !isDeleted(row.event);
  if (number !== null && member && there)
    add("menu.reply", "reply", "R", () => {
      doing.reply(number);
    });
  if (number !== null && member && there && isMessage(row.event))
    add("menu.react", "smile-plus", "+", () => {
      doing.react(number);
    });
  if (number !== null && (text !== null || media !== null) && member && authorOf(row.event) === me)
    add("menu.edit", "pencil", "E", () => {
      doing.edit(number);
    });
  if (text !== null)
    add("menu.copyText", "copy", "C", () => {
      doing.copy(text);
    });
  if (text !== null)
    add("menu.select", "text-select", "S", () => {
      doing.select(row.key);
    });
  if (number === null) return found;
  if (media !== null) {
    const kind = kindOf(media);
    if (kind === "picture" || kind === "video")
      add("menu.view", "expand", "V", () => {
        doing.view(row);
      });
    add("menu.download", "download", "O", () => {
      doing.download(number);
    });
  }
  if (text !== null || media !== null)
    add("menu.forward", "forward", "F", () => {
      doing.forward(row);
    });
  add("menu.copyLink", "link", "L", () => {
    doing.copyLink(number);
  });
  if (isMessage(row.event))
    add("menu.unreadFrom", "mail-open", "U", () => {
      doing.unreadFrom(number);
    });
  if (isMessage(row.event) && there && detail !== null && mayPin(detail)) {
    const pinned = detail.pins.includes(number);
    add(pinned ? "menu.unpin" : "menu.pin", pinned ? "pin-off" : "pin", "P", () => {
      doing.pin(number, !pinned);
    });
  }
  // Of a group of very many nobody is told how far others have read.
  if (authorOf(row.event) === me && !detail?.wide)
    add("menu.receipts", "check-check", "I", () => {
      doing.receipts(number);
    });
  if (there && reactionsOf(row.event).length > 0)
    add("menu.reacted", "smile", "W", () => {
      doing.reacted(number);
    });
  if (isMessage(row.event) && there && mayErase(authorOf(row.event), me, detail))
    add("menu.delete", "trash-2", "D", () => {
      doing.erase(number);
    });
  return found;
}

/** Both in a direct conversation; in a group owner and admins, or all, as the group wants it. */
export function mayPin({ kind, role, settings }: ConversationDetail): boolean {
  if (role === null) return false;
  return kind === "direct" || role !== "member" || settings.pin === "members";
}

const RANKS = { member: 0, admin: 1, owner: 2 } as const;

/** One's own; and of others, as owner or admin of a group, that of whoever is below or gone. The server says the rest. */
function mayErase(author: string, me: string, detail: ConversationDetail | null): boolean {
  if (author === me) return true;
  if (detail?.kind !== "group" || detail.role === null || detail.role === "member") return false;
  const role = detail.members.get(author)?.role;
  return role === undefined || RANKS[role] < RANKS[detail.role];
}
