"""Reactions and pins at the terminal: of the newest message, or of the one whose number is given."""

from chinwag.cli.chat import meant
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room
from chinwag.client import recount
from chinwag.wire.errors import Refused
from chinwag.wire.values import reaction_of


async def react(room: Room, words: list[str]) -> None:
    """Put an emoji on a message, or take one's own back."""
    emoji, *rest = meant.given(words, "/react EMOJI, or /react EMOJI NUMBER; again to take it back")
    if emoji.isdecimal() and len(rest) == 1:
        emoji, rest = rest[0], [emoji]  # the number first, as for an edit
    here, number = meant.message(room, rest, lambda _: True)
    try:
        reaction = reaction_of(emoji)
    except Refused:
        raise UsageProblem("A reaction is one emoji.") from None
    held = room.mirror.conversations[here]
    known = held.reactions.get(number)
    on = known.on.get(reaction) if known is not None else None
    await room.client.react(here, number, reaction, on=on is None or not on.mine)
    if held.large:
        # No event tells of it there, and no count whether one is among those.
        await recount(room.mirror, room.client, here, [number])
        room.show_counts(here, [number])


async def pin(room: Room, words: list[str]) -> None:
    """Pin a message for all, or take it from the pins."""
    here, number = meant.message(room, words, lambda _: True)
    await room.client.pin(here, number, on=number not in room.mirror.conversations[here].pins)
