"""Finding messages at the terminal: by words, and those that speak to oneself."""

from typing import Final

from chinwag.cli.chat import meant
from chinwag.cli.chat.line import Line
from chinwag.cli.chat.room import Room
from chinwag.cli.chat.words import clock, day, people_in, preview
from chinwag.client import Found
from chinwag.wire.values import Message

FOUND: Final = 20


async def search(room: Room, words: list[str]) -> None:
    """Messages with all these words, of all conversations."""
    wanted = meant.given(words, '/search WORDS; "words in quotes" follow one another')
    await _show(room, await room.client.search(" ".join(wanted), limit=FOUND), "Nothing that you may read says that.")


async def mentions(room: Room, _: list[str]) -> None:
    """Messages that mention this account, or everybody."""
    await _show(room, await room.client.search(mentions_me=True, limit=FOUND), "Nobody has mentioned you.")


async def _show(room: Room, found: Found, nothing: str) -> None:
    messages = [hit.message for hit in found.hits if isinstance(hit.message, Message)]
    for message in messages:
        held = room.mirror.conversations.get(message.conversation)
        if held is not None:
            await room.know(held)
        await room.people.meet(people_in(message))
    for message in reversed(messages):
        where = f"  {day(message.sent_at)}, {clock(message.sent_at)}, {room.title(message.conversation)}: "
        own = message.sender == room.client.account
        line = Line(where, "dim").add("you" if own else room.people.name(message.sender), "own" if own else "other")
        room.screen.say(line.add(": ", "bold").add(preview(message, room.people.name)))
    if found.next is not None:
        room.note(f"The newest {len(messages)}; say more words to find older ones.")
    if found.indexed_up_to is not None:
        room.note("The server is still reading: there may be more.")
    elif not messages:
        room.note(nothing)
