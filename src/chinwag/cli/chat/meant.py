"""What the words of a command mean: the open conversation, people by name, conversations by title, number or id.

Whatever means nothing raises `UsageProblem`.
"""

from collections.abc import Callable

from chinwag.cli.chat.room import Room
from chinwag.cli.clean import label
from chinwag.wire.values import AccountId, ConversationId, Message, direct_id


class UsageProblem(Exception):  # noqa: N818
    """The command was not used as it can be; the message says how it can."""


def here(room: Room) -> ConversationId:
    """The open conversation."""
    if room.current is None:
        raise UsageProblem("Open a conversation first: /open NAME, or /list to see them.")
    return room.current


def given(words: list[str], usage: str) -> list[str]:
    """`words`, of which there must be some. usage: what is told else."""
    if not words:
        raise UsageProblem(usage)
    return words


def titled(words: list[str]) -> tuple[str, list[str]]:
    """A title, in quotes if it has several words, and what follows it."""
    if not words[0].startswith('"'):
        return words[0], words[1:]
    for end, word in enumerate(words):
        if word.endswith('"') and (end or len(word) > 1):
            return " ".join(words[: end + 1]).strip('"'), words[end + 1 :]
    raise UsageProblem("The title's closing \" is missing.")


def message(room: Room, words: list[str], fits: Callable[[Message], bool]) -> tuple[ConversationId, int]:
    """A message of the open conversation: of the number that is the only word, or the newest that `fits`."""
    conversation = here(room)
    held = room.mirror.conversations.get(conversation)
    if held is None:
        raise UsageProblem("Nothing is said here yet.")
    if words:
        if len(words) > 1 or not (words[0].isascii() and words[0].isdecimal()) or not 0 < int(words[0][:17]) < 1 << 53:
            raise UsageProblem("Messages have numbers: they stand before each, as in [3].")
        return conversation, int(words[0])
    newest = [
        number for number, one in held.messages.items() if isinstance(one, Message) and not one.deleted and fits(one)
    ]
    if not newest:
        raise UsageProblem("Which message? Say its number, which stands before each, as in [3].")
    return conversation, max(newest)


async def account(room: Room, name: str) -> AccountId:
    """Who is called so, with @ before the name or without."""
    found = await room.people.find(name.removeprefix("@"))
    if found is None:
        raise UsageProblem(f"Nobody here is called {label(name)}.")
    return found


async def conversation(room: Room, wanted: str) -> ConversationId:
    """What `wanted` names. What it looks like says of what kind it is, never what there happens to be: digits are a
    number of the list, # a title, ~ an id (no name has one), all else a person; @ says so where digits are a name."""
    if wanted.isascii() and wanted.isdecimal():
        if not 0 < int(wanted[:9]) <= len(room.listed):
            raise UsageProblem(f"/list has no number {label(wanted)}; a person of that name is /open @{label(wanted)}.")
        return room.listed[int(wanted) - 1]
    if wanted.startswith("#"):
        return _group(room, wanted)
    if "~" in wanted:
        if wanted not in room.mirror.conversations:
            raise UsageProblem(f"You have no conversation {label(wanted)}: /list shows yours.")
        return ConversationId(wanted)
    other = await account(room, wanted)
    if other == room.client.account:
        raise UsageProblem("That is you.")
    return direct_id(room.client.account, other)


def _group(room: Room, wanted: str) -> ConversationId:
    title = wanted[1:].casefold()
    groups = [held for held in room.mirror.by_activity() if held.kind == "group"]
    found = [held for held in groups if held.title.casefold() == title]
    if len(found) == 1:
        return found[0].id
    if found:
        raise UsageProblem(f"{len(found)} groups are called so: take the number from /list.")
    near = [held for held in groups if held.title.casefold().startswith(title)]
    perhaps = f" Is #{label(near[0].title)} meant?" if near else ""
    raise UsageProblem(f"You are in no group called {label(wanted)}: /list shows yours, /new begins one.{perhaps}")
