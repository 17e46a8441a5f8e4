"""The commands of the chat: one function each, found by name."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from chinwag.cli.chat_room import HISTORY, Room
from chinwag.cli.chat_text import clean
from chinwag.wire.values import AccountId, ConversationId, Role, direct_id


class UsageProblem(Exception):  # noqa: N818
    """The command was not used as it can be; the message says how it can."""


class Quit(Exception):  # noqa: N818
    """The person leaves. log_out: and this device is to be forgotten."""

    def __init__(self, log_out: bool = False) -> None:
        super().__init__()
        self.log_out = log_out


class Command(msgspec.Struct, frozen=True):
    """One command: how it is written, what it does in a few words, and the function."""

    usage: str
    words: str
    run: Callable[[Room, list[str]], Awaitable[None]]


async def run(room: Room, line: str) -> None:
    """Run the command on `line`. Raises `UsageProblem`, `Quit`, and what the client raises."""
    name, *words = line[1:].split() or [""]
    entry = COMMANDS.get(name.lower())
    if entry is None:
        raise UsageProblem(f"There is no command /{clean(name)}: /help lists them. (A line may begin with // for a /.)")
    await entry.run(room, words)


async def _open(room: Room, words: list[str]) -> None:
    if not words:
        raise UsageProblem("Whom or what? /open NAME, /open #GROUP, or /open with a number of /list.")
    await room.open(await _conversation(room, " ".join(words)))


async def _new(room: Room, words: list[str]) -> None:
    if not words:
        raise UsageProblem("/new TITLE NAME NAME… begins a group; a title of several words goes in quotes.")
    title, names = _titled(words)
    members = [await _account(room, name) for name in names]
    placed = await room.client.create_group(title, members)
    room.mirror.put(await room.client.conversation(placed.conversation))
    await room.open(placed.conversation)


async def _add(room: Room, words: list[str]) -> None:
    for name in _given(words, "/add NAME…"):
        await room.client.add(_here(room), await _account(room, name))


async def _remove(room: Room, words: list[str]) -> None:
    for name in _given(words, "/remove NAME…"):
        await room.client.remove(_here(room), await _account(room, name))


async def _leave(room: Room, _: list[str]) -> None:
    await room.client.leave(_here(room))


async def _join(room: Room, words: list[str]) -> None:
    conversation = ConversationId(_given(words, "/join ID (an open group's id)")[0])
    await room.client.join(conversation)
    room.mirror.put(await room.client.conversation(conversation))
    await room.open(conversation)


async def _rename(room: Room, words: list[str]) -> None:
    await room.client.rename(_here(room), " ".join(_given(words, "/rename TITLE")))


async def _role(room: Room, words: list[str]) -> None:
    if len(words) != 2 or words[1] not in list(Role):
        raise UsageProblem("/role NAME owner, /role NAME admin, or /role NAME member")
    await room.client.set_role(_here(room), await _account(room, words[0]), Role(words[1]))


async def _list(room: Room, _: list[str]) -> None:
    await room.show_list()


async def _history(room: Room, words: list[str]) -> None:
    _here(room)
    if words and not (words[0].isascii() and words[0].isdecimal() and int(words[0]) > 0):
        raise UsageProblem("/history, or /history and how many lines")
    await room.show_history(min(int(words[0]), 100) if words else HISTORY)


async def _who(room: Room, _: list[str]) -> None:
    here = _here(room)
    held = room.mirror.conversations.get(here)
    if held is None or not held.members:
        raise UsageProblem("Nobody is in here.")
    await room.people.meet(held.members)
    await room.people.look(held.members)
    room.note(f"{room.title(here)} (id {here})")
    for account, member in held.members.items():
        own = account == room.client.account
        state = "you" if own else "online" if room.people.is_online(account) else "offline"
        role = "" if held.kind == "direct" else f", {member.role}"
        room.note(f"  {room.people.name(account)} ({state}{role})")


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
    name = _given(words, "/friend NAME")[0]
    friend = await room.client.befriend(await _account(room, name))
    room.note(f"You and {clean(name)} are friends." if friend.state == "friends" else f"{clean(name)} was asked.")


async def _unfriend(room: Room, words: list[str]) -> None:
    await room.client.unfriend(await _account(room, _given(words, "/unfriend NAME")[0]))
    room.note("Done.")


async def _log_out(_: Room, __: list[str]) -> None:
    raise Quit(log_out=True)


async def _quit(_: Room, __: list[str]) -> None:
    raise Quit


async def _help(room: Room, _: list[str]) -> None:
    room.note("A plain line is sent to the open conversation.")
    for name, entry in COMMANDS.items():
        room.note(f"{'/' + name + ' ' + entry.usage:28} {entry.words}")


COMMANDS: Final[dict[str, Command]] = {
    "open": Command("NAME | #GROUP | NUMBER", "go into a conversation", _open),
    "list": Command("", "all conversations, with what is unread", _list),
    "history": Command("[COUNT]", "earlier lines; again for still earlier ones", _history),
    "who": Command("", "who is in here, and who is online", _who),
    "new": Command('"TITLE" NAME…', "begin a group", _new),
    "add": Command("NAME…", "add people to this group", _add),
    "remove": Command("NAME…", "put people out of this group", _remove),
    "role": Command("NAME owner|admin|member", "give somebody a role", _role),
    "rename": Command("TITLE", "give this group a title", _rename),
    "join": Command("ID", "come into an open group", _join),
    "leave": Command("", "leave this group", _leave),
    "friends": Command("", "friends and requests", _friends),
    "friend": Command("NAME", "ask somebody to be your friend", _friend),
    "accept": Command("NAME", "accept what somebody asked", _friend),
    "unfriend": Command("NAME", "decline a request, or end a friendship", _unfriend),
    "log-out": Command("", "forget this device, and leave", _log_out),
    "quit": Command("", "leave; you stay logged in", _quit),
    "help": Command("", "this", _help),
}


def _here(room: Room) -> ConversationId:
    if room.current is None:
        raise UsageProblem("Open a conversation first: /open NAME, or /list to see them.")
    return room.current


def _given(words: list[str], usage: str) -> list[str]:
    if not words:
        raise UsageProblem(usage)
    return words


def _titled(words: list[str]) -> tuple[str, list[str]]:
    """A title, in quotes if it has several words, and what follows it."""
    if not words[0].startswith('"'):
        return words[0], words[1:]
    for end, word in enumerate(words):
        if word.endswith('"') and (end or len(word) > 1):
            return " ".join(words[: end + 1]).strip('"'), words[end + 1 :]
    raise UsageProblem("The title's closing \" is missing.")


async def _account(room: Room, name: str) -> AccountId:
    account = await room.people.find(name.removeprefix("@"))
    if account is None:
        raise UsageProblem(f"Nobody here is called {clean(name)}.")
    return account


async def _conversation(room: Room, wanted: str) -> ConversationId:
    if wanted.isascii() and wanted.isdecimal() and 0 < int(wanted[:9]) <= len(room.listed):
        return room.listed[int(wanted) - 1]
    if wanted in room.mirror.conversations:
        return ConversationId(wanted)
    if wanted.startswith("#"):
        title = wanted[1:].casefold()
        groups = [held for held in room.mirror.by_activity() if held.kind == "group"]
        exact = [held for held in groups if held.title.casefold() == title]
        found = exact or [held for held in groups if held.title.casefold().startswith(title)]
        if len(found) == 1:
            return found[0].id
        if found:
            raise UsageProblem(f"{len(found)} groups are called so: take the number from /list.")
        raise UsageProblem(f"You are in no group called {clean(wanted)}: /list shows yours, /new begins one.")
    account = await _account(room, wanted)
    if account == room.client.account:
        raise UsageProblem("That is you.")
    return direct_id(room.client.account, account)
