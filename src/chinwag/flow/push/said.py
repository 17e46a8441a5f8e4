"""What the conversations of pushes that are due say now: those of many are read together."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain import push
from chinwag.domain.conversation import Conversation, Member
from chinwag.domain.events import Message, NumberedEvent
from chinwag.domain.ids import ConversationId
from chinwag.domain.marks import Marks, read_up_to
from chinwag.flow.as_read import content
from chinwag.flow.membership_of import members_of
from chinwag.ports.directory import PushJob
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import EventName, MessageStore

LOOKED_AT: Final = 50
"""Messages of a conversation among which the newest is looked for that its reader wants to hear of."""
TOGETHER: Final = 200
"""Events of a conversation that are read at once for several of its readers."""

_decode: Final = msgspec.json.Decoder(NumberedEvent).decode
_Range = tuple[int, int]
_Events = dict[ConversationId, dict[int, NumberedEvent]]


class Said(msgspec.Struct, frozen=True):
    """What a job's conversation says: the messages that may be told, the newest first; whether what the device shows is
    to be taken back."""

    state: Conversation | None
    messages: Sequence[Message] = ()
    over: bool = False


class _Look(msgspec.Struct, frozen=True):
    """Of a job whose account is a member: how far it has read, and the first and the last event to be looked at."""

    job: PushJob
    state: Conversation
    member: Member
    read: int
    first: int
    last: int


async def said(store: MessageStore, marks: MarkStore, jobs: Sequence[PushJob], now: int) -> list[Said]:
    """Of each job. Raises `Refused(UNAVAILABLE)`."""
    names = list(dict.fromkeys(job.conversation for job in jobs))
    states = dict(zip(names, await store.states(names), strict=True))
    pairs = list(dict.fromkeys((job.conversation, job.account) for job in jobs))
    held = dict(zip(pairs, await marks.marks(pairs), strict=True))
    named = [(state, account) for name, account in pairs if (state := states[name]) is not None]
    found = await members_of(store, named, wrote=True)
    members = {(state.id, account): member for (state, account), member in zip(named, found, strict=True)}
    looks = [
        _look(job, states[job.conversation], members.get(pair), held[pair])
        for job in jobs
        for pair in [(job.conversation, job.account)]
    ]
    inside = [look for look in looks if look is not None]
    events = await _events(store, inside)
    gone = await _gone(store, inside)
    return [
        Said(states[job.conversation], over=job.shown > 0) if look is None else _said(look, events, gone, now)
        for job, look in zip(jobs, looks, strict=True)
    ]


async def fresh(store: MessageStore, names: Sequence[EventName]) -> list[Message | None]:
    """These messages as they are at this moment, None for those that are gone. Raises `Refused(UNAVAILABLE)`."""
    rows = await store.rows(names)
    events = [None if row is None else _decode(content(row)) for row in rows]
    return [event if isinstance(event, Message) and event.deleted is None else None for event in events]


def is_gone(event: bytes) -> bool:
    """Whether the message of this JSON was deleted."""
    found = _decode(event)
    return not isinstance(found, Message) or found.deleted is not None


def _look(job: PushJob, state: Conversation | None, member: Member | None, marks: Marks) -> _Look | None:
    if state is None or member is None:
        return None
    read = read_up_to(marks.read, member)[0]
    last = min(job.number, state.head)
    return _Look(job, state, member, read, max(read + 1, job.shown + 1, last - LOOKED_AT + 1), last)


async def _events(store: MessageStore, looks: Sequence[_Look]) -> _Events:
    wanted: dict[ConversationId, dict[_Range, None]] = {}
    for look in looks:
        if look.first <= look.last:
            wanted.setdefault(look.state.id, {})[look.first, look.last] = None
    ranges = [(name, first, last) for name, several in wanted.items() for first, last in _joined(list(several))]
    found: _Events = {name: {} for name in wanted}
    read = await asyncio.gather(*(store.events(name, first, last) for name, first, last in ranges))
    for (name, _, _), rows in zip(ranges, read, strict=True):
        found[name].update((event.number, event) for event in map(_decode, map(content, rows)))
    return found


def _joined(ranges: Sequence[_Range]) -> Sequence[_Range]:
    """One that covers them, if they lie close together."""
    first, last = min(first for first, _ in ranges), max(last for _, last in ranges)
    return [(first, last)] if last - first < TOGETHER else ranges


async def _gone(store: MessageStore, looks: Sequence[_Look]) -> set[EventName]:
    """Of the messages that devices show those that were deleted."""
    shown = list(dict.fromkeys((look.state.id, look.job.shown) for look in looks if look.job.shown))
    rows = await store.rows(shown) if shown else []
    return {name for name, row in zip(shown, rows, strict=True) if row is None or is_gone(content(row))}


def _said(look: _Look, events: _Events, gone: set[EventName], now: int) -> Said:
    job, state = look.job, look.state
    there = events.get(state.id, {})
    messages = [
        event
        for event in (there.get(number) for number in range(look.last, look.first - 1, -1))
        if isinstance(event, Message)
        and event.sent_at > now - push.OLD_MS
        and push.concerns(event, job.account, look.member, look.read)
    ]
    return Said(state, messages, 0 < job.shown <= look.read or (state.id, job.shown) in gone)
