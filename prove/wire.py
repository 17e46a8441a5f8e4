"""Events of the wire as facts: what whoever drives a run writes for each event that comes or is read."""

from typing import Literal

from chinwag.client.events import Unknown, decode_numbered
from chinwag.client.mirror import changed_at
from chinwag.wire.conversations import EventPage
from chinwag.wire.values import (
    AccountEvent,
    Attach,
    AvatarChanged,
    Content,
    Created,
    Deleted,
    Delivered,
    DeliveryChanged,
    Edited,
    Event,
    Gone,
    GroupSettingsChanged,
    Joined,
    Left,
    Media,
    Message,
    Notice,
    NumberedEvent,
    Pinned,
    Reaction,
    Read,
    Removed,
    Retitled,
    RoleChanged,
    SentBody,
    Text,
    Withheld,
    subject,
)
from prove.facts import (
    WITHHELD,
    HistoryMessage,
    HistoryNotice,
    InboxRow,
    ReactionsNow,
    SeenAccount,
    SeenMark,
    SeenMessage,
    SeenNotice,
    Told,
)


class NotUnderstood(Exception):  # noqa: N818 - it says what the event is
    """An event of a kind that this version does not know. A run has none: it drives a server of its own version."""


def seen(session: int, position: int, event: Event | Unknown) -> SeenMessage | SeenNotice | SeenMark | SeenAccount:
    """What came in a session at a position. Raises NotUnderstood."""
    if isinstance(event, Message):
        return SeenMessage(
            session,
            position,
            event.conversation,
            event.number,
            event.ordinal,
            event.sender,
            event.device,
            event.id,
            text_of(event.body),
            changed_at(event),
        )
    if isinstance(event, Read | Delivered):
        kind = mark_kind(event)
        return SeenMark(session, position, kind, event.conversation, event.account, event.number)
    if isinstance(event, AccountEvent):
        change = event.change
        return SeenAccount(session, position, type(change).__name__, subject(change), change.version)
    if isinstance(event, Unknown):
        raise NotUnderstood(event.raw.decode(errors="replace"))
    change_kind, subjects, history = notice_of(event)
    return SeenNotice(
        session,
        position,
        event.conversation,
        event.number,
        event.ordinal,
        event.sender,
        event.device,
        event.id,
        change_kind,
        subjects,
        history,
        new_text(event),
    )


def in_history(reader: str, event: NumberedEvent | Unknown) -> HistoryMessage | HistoryNotice:
    """A row of a page of history, as `reader` read it. Raises NotUnderstood."""
    if isinstance(event, Unknown):
        raise NotUnderstood(event.raw.decode(errors="replace"))
    number, ordinal, sender, device, name = event.number, event.ordinal, event.sender, event.device, event.id
    if isinstance(event, Message):
        text, changed = text_of(event.body), changed_at(event)
        return HistoryMessage(reader, event.conversation, number, ordinal, sender, device, name, text, changed)
    notice = notice_of(event)
    return HistoryNotice(reader, event.conversation, number, ordinal, sender, device, name, *notice, new_text(event))


def in_inbox(account: str, position: int, event: Event | Unknown) -> InboxRow:
    """What stands at a position of the account's inbox. Raises NotUnderstood."""
    if isinstance(event, Read | Delivered):
        return InboxRow(account, position, mark_kind(event), event.conversation, event.number, event.account)
    if isinstance(event, AccountEvent):
        change = event.change
        return InboxRow(account, position, "account", "", change.version, subject(change))
    if isinstance(event, Unknown):
        raise NotUnderstood(event.raw.decode(errors="replace"))
    kind: Literal["message", "notice"] = "message" if isinstance(event, Message) else "notice"
    return InboxRow(account, position, kind, event.conversation, event.number, "")


def text_of(body: Content | SentBody) -> str:
    """The text, of media the caption; of a deleted message nothing; of another body without one, what stands for it."""
    if isinstance(body, Gone):
        return ""
    if isinstance(body, Withheld):
        return WITHHELD
    if isinstance(body, Attach | Media):
        return body.caption
    return body.text if isinstance(body, Text) else repr(body)


def told(
    where: Literal["page", "changes", "last", "search"], reader: str, event: NumberedEvent | Unknown, asked: int
) -> Told | None:
    """What an answer said of a message; None of what says nothing: another event, or a message that is deleted."""
    if not isinstance(event, Message) or isinstance(event.body, Gone):
        return None
    return Told(
        where,
        reader,
        event.conversation,
        event.number,
        event.sender,
        text_of(event.body),
        changed_at(event),
        asked,
    )


def new_text(event: NumberedEvent) -> str:
    """What an event says that a message says from there on; of a reaction or a pin whether it is on from there on."""
    match event:
        case Edited(body=body) if body is not None:
            return text_of(body)
        case Reaction(reaction=reaction, on=on):
            return f"{'+' if on else '-'}{reaction}"
        case Notice(change=Pinned(on=on)):
            return "+" if on else "-"
    return ""


def reactions_now(reader: str, page: EventPage) -> ReactionsNow | None:
    """What a page of messages says of the reactions to those on it whose texts it gives; None if it has none."""
    found = [one for one in map(decode_numbered, page.events) if isinstance(one, Message)]
    found = [one for one in found if not isinstance(one.body, Gone | Withheld)]
    if not found:
        return None
    on = tuple((m.number, one.reaction, one.count, one.mine, one.by) for m in found for one in m.reactions)
    return ReactionsNow(reader, found[0].conversation, page.head, tuple(one.number for one in found), on)


def notice_of(event: NumberedEvent) -> tuple[str, tuple[str, ...], str]:
    """The kind of a notice's change, whom it concerns, and what it says besides, as `history` of a `SeenNotice`."""
    if isinstance(event, Edited | Deleted | Reaction):
        return type(event).__name__.lower(), (str(event.target),), ""
    if not isinstance(event, Notice):
        return type(event).__name__.lower(), (), ""
    match event.change:
        case Created(members=members, settings=settings):
            return "created", tuple(members), settings.history
        case Joined(account=account, wide=wide, large=large):
            return "joined", (account,), "large" if large else "wide" if wide else ""
        case Left(account=account, owner=owner):
            return "left", (account,), owner or ""
        case Removed(account=account):
            return "removed", (account,), ""
        case RoleChanged(account=account):
            return "role", (account,), ""
        case GroupSettingsChanged(settings=settings):
            return "settings", (), settings.history
        case Retitled():
            return "title", (), ""
        case AvatarChanged():
            return "avatar", (), ""
        case Pinned(number=number):
            return "pinned", (str(number),), ""
        case DeliveryChanged(large=large):
            return "delivery", ("large" if large else "small",), ""


def mark_kind(mark: Read | Delivered) -> Literal["read", "delivered"]:
    """Which mark it is."""
    return "read" if isinstance(mark, Read) else "delivered"
