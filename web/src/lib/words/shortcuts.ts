/** Sentences of the sheet of shortcuts: fetched with it. */
import type { Sentence } from "./english.js";
import { spoken, type Values } from "./words.js";

export const SHORTCUTS = {
  "keys.title": "Shortcuts",
  "keys.jump": "Jump to a conversation",
  "keys.next": "Next, previous conversation",
  "keys.nextUnread": "Next, previous unread one",
  "keys.escape": "Close what is open; else to the newest message",
  "keys.regions": "List, messages, composer",
  "keys.move": "In messages: move",
  "keys.reply": "In messages: reply",
  "keys.react": "In messages: react",
  "keys.pin": "In messages: pin, unpin",
  "keys.edit": "In one’s own messages: edit",
  "keys.delete": "In messages: delete",
  "keys.copy": "In messages: copy",
  "keys.link": "In messages: copy link",
  "keys.select": "In messages: select the text",
  "keys.unread": "In messages: unread from here",
  "keys.reacted": "In messages: who has reacted",
  "keys.receipts": "In one’s own messages: who has read it",
  "keys.mine": "In an empty field: edit one’s own last message",
  "keys.view": "In messages: open what they carry",
  "keys.download": "In messages: download it",
  "keys.forward": "In messages: forward",
  "keys.menu": "In messages: menu",
  "keys.help": "This sheet",
} as const satisfies Record<string, Sentence>;

export type ShortcutKey = keyof typeof SHORTCUTS;

/** A sentence of the sheet of shortcuts; values as in `words`. */
export function shortcutWords(key: ShortcutKey, values: Values = {}): string {
  return spoken(SHORTCUTS[key], values);
}
