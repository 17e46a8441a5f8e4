"""The commands of the chat: one function each, found by name."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from chinwag.cli.chat import changing, group_settings, meant, members, muting, reacting, searching, sharing
from chinwag.cli.chat.line import Line
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import HISTORY, Room
from chinwag.cli.chat.words import clock, day
from chinwag.cli.clean import label
from chinwag.client import ApiError
from chinwag.wire.values import ConversationId, Role

FOUND: Final = 20


class Quit(Exception):  # noqa: N818
    """The person leaves. log_out: and this device is to be forgotten; anyway: also with what it has not sent."""

    def __init__(self, log_out: bool = False, anyway: bool = False) -> None:
        super().__init__()
        self.log_out = log_out
        self.anyway = anyway


class Command(msgspec.Struct, frozen=True):
    """One command: how it is written, what it does in a few words, and the function. moves: it goes to another
    conversation, or, if it fails, to none: what is typed next was meant for that one, not for the one before. whole:
    what follows its name is one word, with all the spaces in it."""

    usage: str
    words: str
    run: Callable[[Room, list[str]], Awaitable[None]]
    moves: bool = False
    whole: bool = False


async def run(room: Room, line: str) -> None:
    """Run the command on `line`. Raises `UsageProblem`, `Quit`, and what the client raises."""
    name, *words = line[1:].split() or [""]
    command = COMMANDS.get(name.lower())
    if command is not None and command.whole:
        words = line[1:].lstrip().split(maxsplit=1)[1:]
    if command is None:
        raise UsageProblem(f"There is no command /{label(name)}: /help lists them. (A line may begin with // for a /.)")
    try:
        await command.run(room, words)
    except (ApiError, UsageProblem):
        if command.moves:
            room.nowhere()
        raise


async def _open(room: Room, words: list[str]) -> None:
    if not words:
        raise UsageProblem(
            "Whom or what? /open NAME, /open #GROUP, or /open with a number of /list; @NAME is a person."
        )
    await room.open(await meant.conversation(room, " ".join(words)))


async def _new(room: Room, words: list[str]) -> None:
    if not words:
        raise UsageProblem("/new TITLE NAME NAME… begins a group; a title of several words goes in quotes.")
    title, names = meant.titled(words)
    placed = await room.client.create_group(title, [await meant.account(room, name) for name in names])
    room.mirror.put(await room.client.conversation(placed.conversation))
    await room.open(placed.conversation)


async def _remove(room: Room, words: list[str]) -> None:
    for name in meant.given(words, "/remove NAME…"):
        await room.client.remove(meant.here(room), await meant.account(room, name))


async def _leave(room: Room, _: list[str]) -> None:
    await room.client.leave(meant.here(room))


async def _join(room: Room, words: list[str]) -> None:
    conversation = ConversationId(meant.given(words, "/join ID (an open group's id)")[0])
    await room.client.join(conversation)
    room.mirror.put(await room.client.conversation(conversation))
    await room.open(conversation)


async def _rename(room: Room, words: list[str]) -> None:
    await room.client.rename(meant.here(room), " ".join(meant.given(words, "/rename TITLE")))


async def _role(room: Room, words: list[str]) -> None:
    if len(words) != 2 or words[1] not in list(Role):
        raise UsageProblem("/role NAME owner, /role NAME admin, or /role NAME member")
    await room.client.set_role(meant.here(room), await meant.account(room, words[0]), Role(words[1]))


async def _list(room: Room, _: list[str]) -> None:
    await room.show_list()


async def _history(room: Room, words: list[str]) -> None:
    meant.here(room)
    if words and not (words[0].isascii() and words[0].isdecimal() and int(words[0]) > 0):
        raise UsageProblem("/history, or /history and how many lines")
    await room.show_history(min(int(words[0]), 100) if words else HISTORY)


async def _who(room: Room, _: list[str]) -> None:
    here = meant.here(room)
    held = room.mirror.conversations.get(here)
    if held is None or held.role is None or not (held.members or held.wide):
        raise UsageProblem("Nobody is in here.")
    await room.people.meet(held.members)
    await room.people.look(held.members)
    room.note(f"{room.title(here)} (id {here})")
    for account, member in held.members.items():
        own = account == room.client.account
        state = "you" if own else "online" if room.people.is_online(account) else "offline"
        role = "" if held.kind == "direct" else f", {member.role}"
        room.note(f"  {room.people.name(account)} ({state}{role})")
    if held.wide:
        room.note(f"  of {held.member_count} members: /members lists them all")


async def _friends(room: Room, _: list[str]) -> None:
    friends = await room.client.friends()
    accounts = [room.people.learn(friend.user) for friend in friends]
    await room.people.look(accounts)
    for account in accounts:
        room.note(f"{room.people.name(account)} ({'online' if room.people.is_online(account) else 'offline'})")
    for request in await room.client.friend_requests():
        name = room.people.name(room.people.learn(request.user))
        if request.by == room.client.account:
            room.note(f"{name} (you asked)")
        else:
            room.note(f"{name} asks to be your friend: /accept {name}")
    if not friends:
        room.note("No friends yet: /friend NAME asks somebody.")


async def _friend(room: Room, words: list[str]) -> None:
    name = meant.given(words, "/friend NAME")[0]
    friend = await room.client.befriend(await meant.account(room, name))
    room.note(f"You and {label(name)} are friends." if friend.state == "friends" else f"{label(name)} was asked.")


async def _unfriend(room: Room, words: list[str]) -> None:
    await room.client.unfriend(await meant.account(room, meant.given(words, "/unfriend NAME")[0]))
    room.note("Done.")


async def _block(room: Room, words: list[str]) -> None:
    name = meant.given(words, "/block NAME")[0]
    await room.client.block(await meant.account(room, name))
    room.note(f"{label(name)} is blocked: you get no direct messages of that account.")


async def _unblock(room: Room, words: list[str]) -> None:
    name = meant.given(words, "/unblock NAME")[0]
    await room.client.unblock(await meant.account(room, name))
    room.note(f"{label(name)} is blocked no longer.")


async def _blocks(room: Room, _: list[str]) -> None:
    blocks = await room.client.blocks()
    for one in blocks:
        room.note(room.people.name(room.people.learn(one.user)))
    if not blocks:
        room.note("You block nobody.")


async def _find(room: Room, words: list[str]) -> None:
    page = await room.client.find_groups(" ".join(words), limit=FOUND)
    for one in page.items:
        about = f": {label(one.description)}" if one.description else ""
        room.note(f"#{label(one.title)} ({one.members} members){about}   /join {label(one.id)}")
    if not page.items:
        room.note("No open group has that in its title.")


async def _link(room: Room, _: list[str]) -> None:
    made = await room.client.create_link(meant.here(room))
    room.note(f"Whoever types /enter {made.code} comes in here: for a week, {made.link.uses} people at most.")


async def _enter(room: Room, words: list[str]) -> None:
    entered = await room.client.join_by_link(meant.given(words, "/enter CODE (of a join link)")[0])
    room.mirror.put(await room.client.conversation(entered.conversation))
    await room.open(entered.conversation)


async def _announcements(room: Room, _: list[str]) -> None:
    said = (await room.client.announcements(limit=FOUND)).items
    for one in reversed(said):
        room.screen.say(Line(f"  {day(one.at)}, {clock(one.at)}: ", "dim").add(one.text, lines=True))
    if not said:
        room.note("The server has said nothing yet.")


async def _log_out(_: Room, words: list[str]) -> None:
    raise Quit(log_out=True, anyway=words == ["now"])


async def _quit(_: Room, __: list[str]) -> None:
    raise Quit


async def _help(room: Room, _: list[str]) -> None:
    room.note("A plain line is sent to the open conversation.")
    for name, command in COMMANDS.items():
        room.note(f"{'/' + name + ' ' + command.usage:28} {command.words}")


COMMANDS: Final[dict[str, Command]] = {
    "open": Command("NAME | #GROUP | NUMBER", "go into a conversation", _open, moves=True),
    "list": Command("", "all conversations, with what is unread", _list),
    "history": Command("[COUNT]", "earlier lines; again for still earlier ones", _history),
    "search": Command("WORDS", "messages with these words, everywhere", searching.search),
    "mentions": Command("", "messages that speak to you", searching.mentions),
    "reply": Command("[NUMBER:] TEXT", "answer the newest message of another, or that one", changing.reply, whole=True),
    "edit": Command("[NUMBER:] TEXT", "give your newest message, or that one, another text", changing.edit, whole=True),
    "delete": Command("[NUMBER]", "delete your newest message, or that one", changing.delete),
    "send": Command("FILE[: WORDS]", "send a file", sharing.send, whole=True),
    "save": Command("NUMBER [FILE]", "write the file of a message into one here", sharing.save, whole=True),
    "react": Command("EMOJI [NUMBER]", "put an emoji on a message; again to take it back", reacting.react),
    "pin": Command("[NUMBER]", "pin a message for all; again to take it away", reacting.pin),
    "mute": Command("[HOURS | off]", "tell of nothing new in here for so long", muting.mute),
    "who": Command("", "who is in here, and who is online", _who),
    "members": Command("[NAME | more]", "who is in here, page by page, or those of that name", members.show),
    "new": Command('"TITLE" NAME…', "begin a group", _new, moves=True),
    "add": Command("NAME…", "add people to this group", members.add),
    "remove": Command("NAME…", "put people out of this group", _remove),
    "role": Command("NAME owner|admin|member", "give somebody a role", _role),
    "rename": Command("TITLE", "give this group a title", _rename),
    "settings": Command("[NAME VALUE]", "how this group works, or change that", group_settings.settings),
    "find": Command("WORDS", "open groups with that in their title", _find),
    "join": Command("ID", "come into an open group", _join, moves=True),
    "link": Command("", "make a join link of this group", _link),
    "enter": Command("CODE", "come into a group by its join link", _enter, moves=True),
    "leave": Command("", "leave this group", _leave),
    "friends": Command("", "friends and requests", _friends),
    "friend": Command("NAME", "ask somebody to be your friend", _friend),
    "accept": Command("NAME", "accept what somebody asked", _friend),
    "unfriend": Command("NAME", "decline a request, or end a friendship", _unfriend),
    "block": Command("NAME", "take no direct messages of somebody", _block),
    "unblock": Command("NAME", "take them again", _unblock),
    "blocks": Command("", "whom you block", _blocks),
    "announcements": Command("", "what the server has said", _announcements),
    "log-out": Command("", "forget this device, and leave", _log_out),
    "quit": Command("", "leave; you stay logged in", _quit),
    "help": Command("", "this", _help),
}
