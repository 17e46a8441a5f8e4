/** Sentences about pictures, videos, sounds and files: fetched with the screens that say them. */
import "./refused.js";
import type { Sentence } from "./english.js";
import { spoken, type Values } from "./words.js";

export const MEDIA = {
  // Choosing
  "attach.drop": "Drop it here to send it",
  "send.title": { one: "Send {n} file", other: "Send {n} files" },
  "send.caption": "Caption for {name}",
  "send.captionHint": "Caption",
  "send.asPicture": "As a picture: made smaller, and without the place and time it was taken",
  "send.asFile": "As a file: exactly as it is, with all that it says of where and when it was made",
  "send.how": "How {name} is sent",
  "send.drop": "Leave out {name}",
  "send.go": "Send",
  "send.add": "Add more",
  "send.keeping": "Kept until it is sent…",
  "send.tooMany": { one: "At most {n} file at once.", other: "At most {n} files at once." },
  "send.empty": "{name} cannot be read. It may have been moved, or is a folder.",

  // On its way
  "up.waiting": "Waiting to go up",
  "up.offline": "Kept, and goes up when you are online",
  "up.sending": "{sent} of {size}",
  "up.processing": "The server looks at it",
  "up.ready": "About to be sent",
  "up.paused": "Held back",
  "up.progress": "Upload of {name}",
  "up.pause": "Hold back",
  "up.resume": "Go on",
  "up.cancel": "Do not send",
  "up.late": "It is on its way already. Delete it once it is sent.",

  // In a conversation
  "show.picture": "Picture: {name}",
  "show.video": "Video: {name}",
  "show.play": "Play",
  "show.stop": "Pause",
  "show.seek": "Where it plays",
  "show.voice": "Voice message",
  "show.time": "{at} of {length}",
  "show.failed": "It cannot be played here. Download it.",
  "show.file": "{name}, {size}",
  "show.download": "Download {name}",

  // Looked at
  "view.title": "{name}, from {who}",
  "view.next": "Newer",
  "view.before": "Older",
  "view.full": "Full size",
  "view.copy": "Copy picture",
  "view.copied": "The picture is copied",
  "view.failed": "It could not be loaded.",
  "view.gone": "It was deleted.",
  "view.place": "{at} of {all}",

  // A conversation's files
  "files.title": "Pictures and files",
  "files.of": "Pictures and files of {name}",
  "files.none": "Nothing was sent here yet.",
  "files.all": "All",
  "files.seen": "Pictures and videos",
  "files.heard": "Voice and sound",
  "files.rest": "Files",
  "files.which": "Which",
  "files.more": "Show older ones",
  "files.where": "Show in the conversation",

  // Voice
  "voice.title": "Voice message",
  "voice.recording": "Recording, {time}",
  "voice.send": "Send",
  "voice.drop": "Throw away",
  "voice.refused": "The browser does not let this page use the microphone. Its settings for this page change that.",
  "voice.none": "No microphone was found.",
  "voice.insecure": "Browsers let pages record on a secure address only.",
  "voice.longest": { one: "At most {n} minute.", other: "At most {n} minutes." },

  // Forward
  "forward.title": "Forward to",
  "forward.find": "Find a conversation",
  "forward.none": "No conversation of that name.",
  "forward.done": "Forwarded to {name}",
} as const satisfies Record<string, Sentence>;

export type MediaKey = keyof typeof MEDIA;

/** A sentence about media; values as in `words`. */
export function mediaWords(key: MediaKey, values: Values = {}): string {
  return spoken(MEDIA[key], values);
}
