/** What a server may refuse of those who are in: fetched with the first screen that needs another catalogue. */
import type { Sentence } from "./english.js";
import { learn } from "./words.js";

export const REFUSED = {
  "error.recipient_refuses": "{name} takes no messages from you.",
  "error.no_account": "There is nobody of that name.",
  "error.message_deleted": "This message was deleted.",
  "error.too_late": "This message is too old to be changed here.",
  "error.too_many_edits": "This message was changed as often as this server allows.",
  "error.not_member": "You are no member of this conversation any longer.",
  "error.not_allowed": "You may not do this here.",
  "error.forbidden": "You may not do this.",
  "error.group_full": "This group is full.",
  "error.group_closed": "This group takes nobody in.",
  "error.no_conversation": "This conversation is not here, or is no longer yours to read.",
  "error.bad_link": "This link leads nowhere any longer. Ask for a new one.",
  "error.bad_title":
    "This cannot be the name of a group: it is empty, too long, or has signs in it that cannot be seen.",
  "error.bad_description":
    "This cannot say what a group is about: it is too long, or has signs in it that cannot be seen.",
  "error.text_empty": "There is nothing in this text.",
  "error.text_nul": "This text has a sign in it that cannot be sent.",
  "error.text_surrogate": "This text has half a sign in it, which cannot be sent. Copy it and write it again.",
  "error.bad_mention": "This names more people than one text may, or somebody who is not there.",
  "error.bad_query": "That is nothing to look for: a word, in at most 256 characters.",
  "error.bad_reaction": "A reaction is one emoji.",
  "error.bad_reply": "What this answers is not there.",
  "error.no_message": "This message is not here, or is not yours to read.",
  "error.no_device": "This device is logged out already.",
  "error.no_request": "This request is not there any longer.",
  "error.too_many": "There are as many of these as this server allows. Take one away first.",
  "error.already_member": "They are in this group already.",
  "error.id_reused": "This was sent before with other words. Copy it and write it again.",
  "error.no_upload": "What was to be sent is no longer on the server.",
  "error.media_too_large": "This file is larger than this server takes.",
  "error.not_bare":
    "The server cannot take out of this picture what it says of where and when it was taken. Try again to send it as a file, with all of that.",
  "error.quota": "You have as much on this server as it keeps for one person. Delete something you sent first.",
  "error.storage_full": "The server has no room for this right now. Ask whoever runs it.",
  "error.bad_media": "What came to the server is not what was sent. Send it once more.",
  "error.no_room": "The browser has no room to keep this until it is sent. Free some space, or send less at once.",
  "error.bad_subscription": "The browser gave an address that this server sends nothing to.",
  "error.endpoint_taken": "Another device is told there already. Turn it off and on again.",
  "error.push_unavailable": "This server cannot tell browsers of messages. Whoever runs it can turn that on.",
  "error.outbox_full": "Too much waits to be sent. Wait until some of it is out.",
  "error.slow_down": "This group takes one message in a while from each. Wait a moment, and send it again.",
  "error.not_large": "This group is no large one any longer. Open it once more.",
} as const satisfies Record<string, Sentence>;

learn(REFUSED);
