"""Words of the chat: times, and notices in a sentence. No I/O; what they are made of is cleaned where it is shown."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from chinwag.cli.clean import label
from chinwag.client import Unknown
from chinwag.wire.values import (
    AccountId,
    AvatarChanged,
    Created,
    Deleted,
    DeliveryChanged,
    Edited,
    Gone,
    GroupSettings,
    GroupSettingsChanged,
    Joined,
    Left,
    Media,
    Message,
    Notice,
    NumberedEvent,
    Pinned,
    Reaction,
    Removed,
    Retitled,
    Role,
    RoleChanged,
    Text,
    Withheld,
)

PREVIEW: Final = 80
NOT_SUPPORTED: Final = "(something that this version cannot show)"
DELETED: Final = "(deleted)"
LARGE: Final = "the group is large now: open it to follow what is said; elsewhere only its count tells"
CHANGED: Final = "(changed while you were away)"

Name = Callable[[AccountId], str]


def clock(milliseconds: int) -> str:
    """The local time of day."""
    return _local(milliseconds, "%H:%M")


def day(milliseconds: int) -> str:
    """The local date."""
    return _local(milliseconds, "%A, %d %B %Y")


def _local(milliseconds: int, form: str) -> str:
    try:
        return time.strftime(form, time.localtime(milliseconds / 1000))
    except (OverflowError, ValueError, OSError):
        return "at no time"  # a number that a server made up


def content(event: NumberedEvent | Unknown, name: Name) -> str:
    """What an event says; a text may have several lines."""
    if isinstance(event, Message):
        if isinstance(event.body, Gone):
            return DELETED
        if isinstance(event.body, Withheld):
            return CHANGED
        if isinstance(event.body, Media):
            return media(event.body)
        return event.body.text if isinstance(event.body, Text) else NOT_SUPPORTED
    if isinstance(event, Notice):
        return notice(event, name)
    if isinstance(event, Reaction):
        did = "put {} on [{}]" if event.on else "took {} back from [{}]"
        return did.format(emoji(event.reaction), event.target)
    if isinstance(event, Deleted):
        return f"deleted [{event.target}]"
    if isinstance(event, Edited):
        return f"edited [{event.target}]" + (f": {event.body.text}" if isinstance(event.body, Text) else "")
    return NOT_SUPPORTED


def media(body: Media) -> str:
    """A file in a few words: what it is, how large, how it is called, and what stands below it."""
    kind = body.media_type.partition("/")[0]
    what = {"image": "picture", "video": "video", "audio": "sound"}.get(kind, "file")
    said = [what]
    if body.width and body.height:
        said.append(f"{body.width} × {body.height}")
    if body.duration:
        said.append(f"{int(body.duration) // 60}:{int(body.duration) % 60:02}")
    said.append(file_size(body.size))
    shown = f"({', '.join(said)}) {label(body.name)}".rstrip()
    return f"{shown}: {body.caption}" if body.caption else shown


def file_size(count: int) -> str:
    """Bytes as people read them."""
    size, unit = float(count), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"


def is_said(event: NumberedEvent | Unknown) -> bool:
    """Whether it is something that is said; all else is done, and told as such."""
    return not isinstance(event, Notice | Reaction | Deleted | Edited)


def emoji(reaction: str) -> str:
    """A reaction as it is shown: a sign that is also a letter is drawn as an emoji only with U+FE0F behind it."""
    shown = label(reaction)
    return shown if len(shown) != 1 or ord(shown) > 0xFFFF else shown + "\ufe0f"


def reactions(counted: Mapping[str, tuple[int, bool]]) -> str:
    """What stands on a message, with how many; one's own marked."""
    return " ".join(f"{emoji(one)} {count}{'*' if mine else ''}" for one, (count, mine) in counted.items())


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
            return f"{by} began “{label(title)}”" + (f" with {others}" if others else "")
        case Joined(account=account):
            came = f"{by} joined" if account == event.sender else f"{by} added {name(account)}"
            return came + _grown(event.change)
        case Left(owner=owner):
            return f"{by} left" + (f"; {name(owner)} is the owner now" if owner else "")
        case Removed(account=account):
            return f"{by} removed {name(account)}"
        case RoleChanged(account=account, role=role):
            return f"{by} made {name(account)} {_article(role)}"
        case Retitled(title=title):
            return f"{by} renamed the group to “{label(title)}”"
        case AvatarChanged(avatar=avatar):
            return f"{by} changed the group's picture" if avatar else f"{by} took the group's picture away"
        case GroupSettingsChanged(settings=settings):
            who = "anyone may join" if settings.join == "open" else "people are added"
            reads = "from the beginning" if settings.history == "all" else "from their joining"
            return f"{by} changed the settings: {who}, new members read {reads}{_many(settings)}"
        case Pinned(number=number, on=on):
            return f"{by} pinned message {number}" if on else f"{by} took message {number} from the pins"
        case DeliveryChanged(large=large):
            return LARGE if large else "the group is small again: all of it comes by itself"


def _many(settings: GroupSettings) -> str:
    """What a group of very many is told besides."""
    said = ", only admins write" if settings.write == "admins" else ""
    said += f", members write once in {settings.slow} s" if settings.slow else ""
    return said + (", it may have very many members" if settings.large else "")


def _grown(joined: Joined) -> str:
    """What the joining makes of the group."""
    if joined.large:
        return f"; {LARGE}"
    return "; the group is wide now: nobody is told any more who reads or types" if joined.wide else ""


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
