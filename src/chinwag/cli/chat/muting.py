"""Conversations of which one is told nothing, on all of one's devices."""

import time
from typing import Final

import msgspec

from chinwag.cli.chat import meant
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room

FOR_EVER: Final = (1 << 53) - 1
"""Until it is ended: a time that no clock comes to."""
HOURS_MAX: Final = 24 * 366


async def mute(room: Room, words: list[str]) -> None:
    """Mute the open conversation for so many hours or until it is ended, or end that."""
    here = meant.here(room)
    wanted = words[0] if len(words) == 1 else ""
    if words and wanted != "off" and not (wanted.isascii() and wanted.isdecimal() and 0 < int(wanted[:9]) <= HOURS_MAX):
        raise UsageProblem(f"/mute, /mute HOURS (up to {HOURS_MAX:,}), or /mute off")
    until = FOR_EVER if not words else 0 if wanted == "off" else int((time.time() + int(wanted) * 3600) * 1000)
    # The others of these are kept: what is said to the server takes the place of all.
    known = (await room.client.preferences(here)).preferences
    room.mirror.prefer(await room.client.set_preferences(here, msgspec.structs.replace(known, muted_until=until)))
    how = "no longer muted" if not until else f"muted for {wanted} h" if words else "muted until /mute off"
    room.note(f"{room.title(here)} is {how}.")
