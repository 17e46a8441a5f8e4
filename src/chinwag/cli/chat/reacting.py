"""Reactions and pins at the terminal: of the newest message, or of the one whose number is given."""

from chinwag.cli.chat import meant
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room
from chinwag.wire.errors import Refused
from chinwag.wire.values import ConversationId, Message, reaction_of


async def react(room: Room, words: list[str]) -> None:
    """Put an emoji on a message, or take one's own back."""
    emoji, *rest = meant.given(words, "/react EMOJI, or /react EMOJI NUMBER; again to take it back")
    here, number = _message(room, rest)
    try:
        reaction = reaction_of(emoji)
    except Refused:
        raise UsageProblem("A reaction is one emoji.") from None
    known = room.mirror.conversations[here].reactions.get(number)
    on = known.on.get(reaction) if known is not None else None
    await room.client.react(here, number, reaction, on=on is None or not on.mine)


async def pin(room: Room, words: list[str]) -> None:
    """Pin a message for all, or take it from the pins."""
    here, number = _message(room, words)
    await room.client.pin(here, number, on=number not in room.mirror.conversations[here].pins)


def _message(room: Room, words: list[str]) -> tuple[ConversationId, int]:
    here = meant.here(room)
    held = room.mirror.conversations.get(here)
    if held is None:
        raise UsageProblem("Nothing is said here yet.")
    if words and not (len(words) == 1 and words[0].isascii() and words[0].isdecimal()):
        raise UsageProblem("Messages have numbers: 1, 2, 3 …")
    if words:
        return here, int(words[0])
    newest = max((number for number, one in held.messages.items() if isinstance(one, Message)), default=0)
    if not newest:
        raise UsageProblem("Which message? Say its number.")
    return here, newest
