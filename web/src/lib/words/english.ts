/**
 * The sentences of a first visit, and of what many screens say; those of other screens stand beside this file, each catalogue
 * fetched with the screens that say it. `{name}` is filled in; a sentence with a count has a form for each plural category of
 * the language (Intl.PluralRules). Words are short and plain, and say what happens next.
 */
export type Sentence =
  string | { readonly one?: string; readonly few?: string; readonly many?: string; readonly other: string };

export const ENGLISH = {
  // The frame
  "nav.label": "Chinwag",
  "nav.chats": "Chats",
  "nav.people": "People",
  "nav.groups": "Find groups",
  "nav.settings": "Settings",
  "nav.you": "You",
  "nav.unread": { one: "{n} unread", other: "{n} unread" },
  "nav.unreadMine": { one: "{n} unread, of which {mine} for you", other: "{n} unread, of which {mine} for you" },
  "tab.mentions": "{n}, of which {mine} for you",
  "nav.requests": { one: "{n} request", other: "{n} requests" },
  "region.list": "Conversations",
  "region.talk": "Conversation",
  "region.messages": "Messages",
  "region.details": "About {name}",
  "action.back": "Back",
  "action.close": "Close",
  "action.cancel": "Cancel",
  "action.save": "Save",
  "action.copy": "Copy",
  "action.delete": "Delete",
  "action.retry": "Try again",
  "action.dismiss": "All right",
  "action.more": "More",
  copied: "Copied",
  copyByHand: "The browser lets pages copy on a secure address only. Select it, and copy it by hand.",

  // The list
  "list.new": "New message",
  "list.newGroup": "New group",
  "list.search": "Search or jump to…",
  "list.empty": "Your conversations will stand here.",
  "list.draft": "Draft:",
  "list.you": "You:",
  "list.typing": "typing…",
  "list.typingBy": "{name} is typing…",
  "list.refused": "Not sent",
  "list.pause": ", ",
  "list.marked": "marked as unread",
  "list.archive": { one: "Archive, {n} conversation", other: "Archive, {n} conversations" },
  "list.pick": "Pick a conversation",
  "list.pickMore": "Or start one: find a friend by name, or bring some people together.",
  "first.title": "Welcome, {name}",
  "first.more": "Nobody here yet. Find a friend by name, join an open group, or send somebody a link.",
  "first.find": "Find a friend",
  "first.groups": "Open groups",

  // Banners
  "banner.offline": "You are offline. What you write is kept and goes out when you are back.",
  "banner.connecting": "Connecting…",
  "banner.connectingSince": "Connecting… what you see is from {time}.",
  "banner.now": "Try now",
  "banner.update": "A new version is ready.",
  "banner.reload": "Reload",
  "banner.outdated": "A newer version of Chinwag has been here. Reload this tab; what you have typed is kept.",
  "banner.slow": "The browser's storage does not answer. Close other tabs of Chinwag if this stays.",
  "banner.storage": "The browser's storage cannot be opened. Let this page keep data, or free some space, and reload.",
  "banner.insecure":
    "This address is not secure. You can chat in this one tab; browsers allow offline use and notifications over https only.",
  "banner.notify": "Shall Chinwag tell you of new messages?",
  "banner.yes": "Yes",
  "banner.no": "Not now",

  // The door
  "door.signUp": "Join the chat",
  "door.logIn": "Welcome back",
  "door.on": "on {name}. It takes a moment.",
  "door.onBack": "on {name}.",
  "door.name": "Name",
  "door.nameHint": "Friends find you by it: 2 to 32 letters, digits, dots, dashes.",
  "door.display": "What friends see",
  "door.password": "Password",
  "door.passwordHint": {
    one: "{n} character or more. A password manager makes a good one.",
    other: "{n} characters or more. A password manager makes a good one.",
  },
  "door.invitation": "Invitation code",
  "door.invitationHint": "This server asks for one. Whoever invited you has it.",
  "door.closed": "This server makes no new accounts by itself. Ask whoever runs it for one.",
  "door.doSignUp": "Sign up",
  "door.doLogIn": "Log in",
  "door.been": "Been here before?",
  "door.new": "New here?",
  "door.ended":
    "You were logged out on this device. What you wrote and did not send is kept: log in again and it goes out.",
  "door.unsent": {
    one: "{n} line that {name} wrote has not been sent. It is kept, and goes out when {name} logs in here again. Log in as {other} all the same?",
    other:
      "{n} lines that {name} wrote have not been sent. They are kept, and go out when {name} logs in here again. Log in as {other} all the same?",
  },
  "door.goOn": "Log in as {name}",
  "door.other": "{name} is logged in here now, in another tab.",
  "door.otherUnsent": {
    one: "One line of yours waits; it goes out at your next log-in.",
    other: "{n} lines of yours wait; they go out at your next log-in.",
  },
  "door.goOnOther": "Go on as {name}",
  "door.or": "or",
  "door.by": "Log in with {label}",
  "door.bySecure": "Logging in with {labels} needs a secure address (https).",
  "door.cameBack": "Logging in with {label}…",
  "door.byInvitation": "{label} knows you. This server asks for an invitation code at a first log-in.",
  "door.waking": "Opening…",

  // A conversation
  "talk.online": "Online",
  "talk.lastSeen": "last seen {when}",
  "talk.you": "you",
  "talk.deleted": "Message deleted",
  "talk.changed": "This message was changed.",
  "talk.unsupported": "This kind of message is not supported here yet. Update Chinwag to see it.",
  "state.sending": "sending",
  "state.sent": "sent",
  "state.delivered": "delivered",
  "state.read": "read",
  "state.refused": "not sent",

  // What messages carry, in one line; all other words about it stand in media.ts
  "media.picture": "Picture",
  "media.video": "Video",
  "media.voice": "Voice message",
  "media.named": "File: {name}",
  "media.captioned": "{what}: {caption}",

  // Notices
  "notice.created": "{who} began the group",
  "notice.createdWith": "{who} began the group with {names}",
  "notice.added": "{who} added {names}",
  "notice.joined": "{names} joined",
  "notice.joinedMany": { one: "{names} and {n} other joined", other: "{names} and {n} others joined" },
  "notice.left": "{names} left",
  "notice.leftMany": { one: "{names} and {n} other left", other: "{names} and {n} others left" },
  "notice.removed": "{who} removed {names}",
  "notice.title": "{who} called the group “{title}”",
  "notice.avatar": "{who} changed the group’s picture",
  "notice.avatarGone": "{who} took the group’s picture away",
  "notice.settings": "{who} changed the settings of the group",
  "notice.role.admin": "{who} made {names} an admin",
  "notice.role.member": "{who} made {names} a member without rights",
  "notice.role.owner": "{who} handed the group over to {names}",
  "notice.others": { one: "{n} other", other: "{n} others" },
  "notice.pinned": "{who} pinned a message",
  "notice.unpinned": "{who} unpinned a message",
  "notice.other": "The group was changed",
  "notice.edited": "A message was edited",
  "notice.deleted": "A message was deleted",
  "notice.reaction": "{who} reacted with {reaction}",
  you: "you",
  You: "You",

  // Details
  about: "About",
  "mute.is": "muted",
  "group.create": "Begin the group",

  // People, groups
  "person.closed": "Closed account",
  "person.unknown": "…",
  "groups.members": { one: "{n} member", other: "{n} members" },

  // Search
  "search.title": "Search messages",

  // Times
  "time.today": "Today",
  "time.yesterday": "Yesterday",
  "time.justNow": "just now",
  "time.minutes": { one: "{n} minute ago", other: "{n} minutes ago" },
  "time.todayAt": "today at {time}",
  "time.yesterdayAt": "yesterday at {time}",
  "time.never": "a long time ago",

  // What went wrong, by code of the catalogue of errors
  "error.unreachable": "The server cannot be reached. Try again in a moment.",
  "error.unavailable": "The server cannot do this right now. Try again in a moment.",
  "error.overloaded": "The server has too much to do right now. Try again in a moment.",
  "error.rate_limited": "That was a little fast. Try again in a moment.",
  "error.wrong_login": "The name or the password is wrong.",
  "error.name_taken": "Somebody has this name, or one that looks like it. Try another.",
  "error.bad_name": "This name cannot be had: 2 to 32 letters, digits, dots, dashes.",
  "error.bad_password": "This password cannot be taken: it is too short or too long.",
  "error.bad_profile": "This cannot be shown to others: it is too long, or has signs in it that cannot be seen.",
  "error.bad_invitation": "This invitation code is not good, or was used.",
  "error.sign_up_closed": "This server makes no new accounts by itself.",
  "error.account_disabled": "This account was disabled. Ask whoever runs the server.",
  "error.text_too_long": "This text is too long.",
  "error.too_large": "This is too large to be sent.",
  "error.not_found": "There is nothing here.",
  "error.openid_failed": "The provider did not let you in, or what it said cannot be believed.",
  "error.openid_state": "This log-in is too old, was used, or was begun elsewhere. Begin anew.",
  "error.openid_unavailable": "The provider does not answer. Try again in a moment.",
  "error.not_invited": "You have no account here, and this needs an invitation. Ask whoever runs the server.",
  "error.identity_taken":
    "That account is linked with another one here, or another one of the provider is linked with yours. Unlink it first.",
  "error.last_login": "You could not log in any more. Set a password first, or link another provider.",
  "error.unsupported": "This server is too old for that.",
  "error.internal": "The server made a mistake. Try again in a moment.",
  "error.storage": "The browser's storage failed. Reload the page; if it stays, free some space.",
  "error.logged_out": "You are logged out. Log in to go on.",
  "error.other": "This did not work.",
  "error.more": "The server's words",
} as const satisfies Record<string, Sentence>;

export type Key = keyof typeof ENGLISH;
