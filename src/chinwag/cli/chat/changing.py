"""Messages changed or answered at the terminal: the newest that can be meant, or the one whose number is given."""

from chinwag.cli.chat import meant
from chinwag.cli.chat.room import Room


async def reply(room: Room, words: list[str]) -> None:
    """Answer a message."""
    number, text = _text(words, "/reply TEXT, or /reply NUMBER: TEXT")
    _, target = meant.message(room, number, lambda one: one.sender != room.client.account)
    room.say(text, reply_to=target)


async def edit(room: Room, words: list[str]) -> None:
    """Give one's own message another text."""
    number, text = _text(words, "/edit TEXT, or /edit NUMBER: TEXT")
    here, target = meant.message(room, number, lambda one: one.sender == room.client.account)
    await room.client.edit(here, target, room.written(text))


async def delete(room: Room, words: list[str]) -> None:
    """Delete a message, for everybody."""
    here, target = meant.message(room, words, lambda one: one.sender == room.client.account)
    await room.client.delete(here, target)


def _text(words: list[str], usage: str) -> tuple[list[str], str]:
    """The number, if one is given with a colon behind it, and the text."""
    (said,) = meant.given(words, usage)
    number, colon, rest = said.partition(":")
    numbered = bool(colon) and number.isascii() and number.isdecimal()
    text = rest.lstrip() if numbered else said
    if not text.strip():
        raise meant.UsageProblem(usage)
    return [number] if numbered else [], text
