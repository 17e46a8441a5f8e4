"""Words of the chat: what others wrote made harmless, times, and notices in a sentence. No I/O."""

import time
import unicodedata
from collections.abc import Callable
from typing import Final

from chinwag.client import Unknown
from chinwag.wire.values import (
    AccountId,
    Created,
    GroupSettingsChanged,
    Joined,
    Left,
    Message,
    Notice,
    NumberedEvent,
    Removed,
    Retitled,
    Role,
    RoleChanged,
    Text,
)

PREVIEW: Final = 80
NOT_SUPPORTED: Final = "(something that this version cannot show)"

# They turn the order of what follows, also of our own words on the line: a name could pass for another.
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Name = Callable[[AccountId], str]


def clean(text: str, *, lines: bool = False) -> str:
    """`text` with nothing in it that acts on a terminal: controls are shown as signs, not sent.

    lines: keep line breaks.
    """
    return "".join(_visible(character, lines) for character in text)


def _visible(character: str, lines: bool) -> str:
    if character.isprintable():
        return character
    if character == "\n" and lines:
        return character
    if character in "\t\n":
        return " "
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)  # U+2400: control pictures
    if point == 0x7F:
        return "\u2421"
    category = unicodedata.category(character)
    if character in _BIDI or category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\u27e8U+{point:04X}\u27e9"
    # Joiners and variation selectors belong to scripts and emoji; other spaces are spaces.
    return " " if category == "Zs" else character


def clock(milliseconds: int) -> str:
    """The local time of day."""
    return time.strftime("%H:%M", time.localtime(milliseconds / 1000))


def day(milliseconds: int) -> str:
    """The local date."""
    return time.strftime("%A, %d %B %Y", time.localtime(milliseconds / 1000))


def content(event: NumberedEvent | Unknown, name: Name) -> str:
    """What an event says, ready to print."""
    if isinstance(event, Message):
        return clean(event.body.text, lines=True) if isinstance(event.body, Text) else NOT_SUPPORTED
    if isinstance(event, Notice):
        return notice(event, name)
    return NOT_SUPPORTED


def preview(event: NumberedEvent | Unknown, name: Name) -> str:
    """The beginning of what an event says, on one line."""
    line = " ".join(content(event, name).split())
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"


def notice(event: Notice, name: Name) -> str:
    """A notice in a sentence."""
    by = name(event.sender)
    match event.change:
        case Created(title=title, members=members):
            others = ", ".join(name(account) for account in members if account != event.sender)
            return f"{by} began “{clean(title)}”" + (f" with {others}" if others else "")
        case Joined(account=account):
            return f"{by} joined" if account == event.sender else f"{by} added {name(account)}"
        case Left(owner=owner):
            return f"{by} left" + (f"; {name(owner)} is the owner now" if owner else "")
        case Removed(account=account):
            return f"{by} removed {name(account)}"
        case RoleChanged(account=account, role=role):
            return f"{by} made {name(account)} {_article(role)}"
        case Retitled(title=title):
            return f"{by} renamed the group to “{clean(title)}”"
        case GroupSettingsChanged(settings=settings):
            who = "anyone may join" if settings.join == "open" else "people are added"
            reads = "from the beginning" if settings.history == "all" else "from their joining"
            return f"{by} changed the settings: {who}, new members read {reads}"


def people_in(event: NumberedEvent | Unknown) -> set[AccountId]:
    """The accounts that an event speaks of."""
    found = {event.sender}
    if isinstance(event, Notice):
        match event.change:
            case Created(members=members):
                found |= members.keys()
            case Left(owner=owner):
                found |= {owner} if owner else set()
            case Joined(account=account) | Removed(account=account) | RoleChanged(account=account):
                found.add(account)
    return found - {AccountId("")}


def _article(role: Role) -> str:
    return {Role.OWNER: "the owner", Role.ADMIN: "an admin", Role.MEMBER: "a member"}[role]
