/** What an event says in one line: in the list, in quotes, to screen readers and in notifications. */
import {
  isMessage,
  isNotice,
  isVoice,
  type KeptEvent,
  kindOf,
  type Media,
  mediaOf,
  type MessageEvent,
} from "@chinwag/client";
import type { Unsent } from "../engine/api.js";
import { listed, words } from "../words/words.js";
import { authorOf } from "./layout.js";
import { oneLine } from "./text.js";

/** Who is called what; `me` is "you". */
export type Names = (account: string) => string;

/** One line about an event. Of a message only its text. */
export function summary(event: KeptEvent, names: Names): string {
  if (isMessage(event)) return said(event, event.body);
  if (isNotice(event)) return noticeWords([event], names);
  if (event.kind === "edited") return words("notice.edited");
  if (event.kind === "deleted") return words("notice.deleted");
  if (event.kind === "reaction" && "reaction" in event) {
    return words("notice.reaction", { who: names(authorOf(event)), reaction: oneLine(event.reaction, 8) });
  }
  return words("talk.unsupported");
}

function said(event: KeptEvent, body: MessageEvent["body"]): string {
  const media = mediaOf(event);
  if (media !== null) return mediaLine(media, media.caption);
  if (body.type === "text") return oneLine(body.text);
  if (body.type === "deleted") return words("talk.deleted");
  return words(body.type === "changed" ? "talk.changed" : "talk.unsupported");
}

/** What carries something, in one line: what it is, and the words beside it. */
export function mediaLine(media: Pick<Media, "media_type" | "name" | "width" | "height">, caption = ""): string {
  const kind = kindOf(media);
  const name = kind === "file" || (kind === "audio" && !isVoice(media)) ? oneLine(media.name, 80) : null;
  const what =
    name !== null
      ? words("media.named", { name })
      : words(kind === "picture" ? "media.picture" : kind === "video" ? "media.video" : "media.voice");
  return caption === "" ? what : words("media.captioned", { what, caption: oneLine(caption) });
}

/** One line about what is not sent yet. */
export function unsentLine({ text, media }: Unsent): string {
  return media === null ? oneLine(text) : mediaLine(media, text);
}

/** Where a name begins and ends in a sentence that is yet to be drawn: signs of the private use area. */
const BEGIN = "\u{F8F0}";
const END = "\u{F8F1}";

/** A name with marks around it, for `parted`; marks of its own it loses. */
export function marked(name: string): string {
  return BEGIN + name.replaceAll(BEGIN, "").replaceAll(END, "") + END;
}

/** A sentence in parts: which are names. */
export function parted(sentence: string): { text: string; name: boolean }[] {
  return sentence
    .split(BEGIN)
    .flatMap((part, i) => {
      if (i === 0) return [{ text: part, name: false }];
      const [name = "", ...rest] = part.split(END);
      return [
        { text: name, name: true },
        { text: rest.join(""), name: false },
      ];
    })
    .filter((part) => part.text !== "");
}

/** Names of this many are told; the rest are counted. */
const NAMED = 3;

/** One sentence about notices of one kind. */
export function noticeWords(events: readonly KeptEvent[], names: Names): string {
  const event = events[0];
  if (event === undefined || !isNotice(event)) return event === undefined ? "" : summary(event, names);
  const who = begun(names(event.from));
  const change = event.change;
  switch (change.type) {
    case "created": {
      const others = Object.keys(change.members).filter((account) => account !== event.from);
      return others.length === 0
        ? words("notice.created", { who })
        : words("notice.createdWith", { who, names: some(others.map(names)) });
    }
    case "joined":
    case "left": {
      const accounts = [
        ...new Set(events.flatMap((one) => (isNotice(one) && "account" in one.change ? [one.change.account] : []))),
      ];
      if (events.length === 1 && change.type === "joined" && change.account !== event.from) {
        return words("notice.added", { who, names: names(change.account) });
      }
      const shown = accounts.slice(0, NAMED - 1).map(names);
      if (accounts.length > NAMED) {
        return words(`notice.${change.type}Many`, {
          names: begun(shown.join(", ")),
          n: accounts.length - shown.length,
        });
      }
      return words(`notice.${change.type}`, { names: begun(listed(accounts.map(names))) });
    }
    case "removed":
      return words("notice.removed", { who, names: names(change.account) });
    case "role":
      return words(`notice.role.${change.role}`, { who, names: names(change.account) });
    case "title":
      return words("notice.title", { who, title: oneLine(change.title, 80) });
    case "avatar":
      return words(change.avatar === "" ? "notice.avatarGone" : "notice.avatar", { who });
    case "settings":
      return words("notice.settings", { who });
    case "pinned":
      return words(change.on ? "notice.pinned" : "notice.unpinned", { who });
    default:
      return words("notice.other");
  }
}

function some(names: string[]): string {
  return names.length <= 4
    ? listed(names)
    : listed([...names.slice(0, 3), words("notice.others", { n: names.length - 3 })]);
}

/** A sentence begins with a capital: "You began …". */
function begun(name: string): string {
  if (name === words("you")) return words("You");
  return name === marked(words("you")) ? marked(words("You")) : name;
}
