"""How the open group works: its settings are told, and changed by its owner and its admins."""

from typing import Any, Final

import msgspec

from chinwag.cli.chat import meant
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room
from chinwag.cli.clean import label
from chinwag.client import ApiError
from chinwag.wire.values import SLOW_MAX, GroupSettings, Role

_WHO: Final = ("admins", "members")
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "write": _WHO,
    "large": ("on", "off"),
    "slow": (),
    "join": ("open", "closed"),
    "invite": _WHO,
    "pin": _WHO,
    "mention_all": _WHO,
    "history": ("all", "joined"),
}
_WORDS: Final = {
    "write": "who may send messages: admins or members",
    "large": "whether it may have very many members, as far as this server allows: on or off; its owner says so",
    "slow": f"seconds from one message of a member to the next, in a group of more than 500: 0 to {SLOW_MAX}",
    "join": "whether anyone may come in: open or closed",
    "invite": "who may add people: admins or members",
    "pin": "who may pin messages: admins or members",
    "mention_all": "who may speak to @all: admins or members",
    "history": "from where new members read: all or joined",
}
_FULL: Final = "/settings large on lets it have more, as far as this server allows."
_FULL_LARGE: Final = "It may be large, but no larger on this server."


async def settings(room: Room, words: list[str]) -> None:
    """List the settings of the open group, or give one another value."""
    here = meant.here(room)
    held = room.mirror.conversations.get(here)
    if held is None or held.kind != "group":
        raise UsageProblem("Only groups have settings.")
    # What is said to the server takes the place of all of them: so they are asked for, not remembered.
    view = await room.client.conversation(here)
    if not words:
        for name, meaning in _WORDS.items():
            room.note(f"{name + ' ' + _shown(view.settings, name):20} {meaning}")
        return
    name, value = words[0].lower(), _value(words)
    if view.role is Role.MEMBER:
        raise UsageProblem("Only its owner and its admins change how a group works.")
    if name == "large" and view.role is not Role.OWNER:
        raise UsageProblem("Only its owner says whether a group may be large; /who tells who that is.")
    if value == getattr(view.settings, name):
        room.note("It is so already.")
        return
    changed: dict[str, Any] = {name: value}
    await room.client.set_settings(here, msgspec.structs.replace(view.settings, **changed))
    room.note(f"{room.title(here)}: {name} is {words[1].lower()} now.")
    if value is True:
        room.note("It may have very many members, as far as this server allows.")


def more_room(room: Room, full: ApiError) -> UsageProblem | None:
    """That the open group is full, and what its owner can do; None where this is none to be told that."""
    held = room.mirror.conversations.get(meant.here(room))
    if full.code != "group_full" or held is None or not (held.settings.large or held.role is Role.OWNER):
        return None
    return UsageProblem(f"{full.message} {_FULL_LARGE if held.settings.large else _FULL}")


def _value(words: list[str]) -> str | int | bool:
    """What is asked for, as the settings have it."""
    name, wanted = words[0].lower(), words[1].lower() if len(words) == 2 else ""
    choices = _CHOICES.get(name)
    if choices is None:
        raise UsageProblem(f"There is no setting {label(words[0])}: /settings lists them.")
    if name == "slow":
        if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 6 and int(wanted) <= SLOW_MAX):
            raise UsageProblem(f"/settings slow SECONDS, from 0 to {SLOW_MAX}")
        return int(wanted)
    if wanted not in choices:
        raise UsageProblem(" or ".join(f"/settings {name} {one}" for one in choices))
    return wanted == "on" if name == "large" else wanted


def _shown(known: GroupSettings, name: str) -> str:
    value = getattr(known, name)
    return str(value) if not isinstance(value, bool) else "on" if value else "off"
