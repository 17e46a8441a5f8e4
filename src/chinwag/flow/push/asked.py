"""Whom pushes that are due would go to, and what these people want: of many, read in one look at the directory."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from chinwag.domain import push
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.preferences import NONE, Preferences
from chinwag.flow.push.said import Said
from chinwag.ports.directory import PAGE_MAX, Account, Directory, PushJob, PushSubscription, Transaction

_One = TypeVar("_One")
_NOBODY: Final[Mapping[AccountId, Account]] = {}


class Asked(msgspec.Struct, frozen=True):
    """Whom a push would go to, and the messages that the account wants to hear of, the newest first, with how each is
    meant for it."""

    account: Account
    to: PushSubscription
    told: Sequence[tuple[Message, push.Way]] = ()
    names: Mapping[AccountId, Account] = _NOBODY
    """Who wrote them."""


class _Known(msgspec.Struct, frozen=True):
    subscriptions: Mapping[DeviceId, PushSubscription]
    accounts: Mapping[AccountId, Account]
    preferences: Mapping[tuple[AccountId, ConversationId], Preferences]
    blocks: set[tuple[AccountId, AccountId]]


async def asked(directory: Directory, jobs: Sequence[PushJob], said: Sequence[Said], now: int) -> list[Asked | None]:
    """Of each job, whose conversation says what `said` has at its place; None: the device or its account may be told
    nothing any more. Raises `Refused(UNAVAILABLE)`."""
    if not jobs:
        return []
    async with directory.reading() as reading:
        known = await _known(reading, jobs, said)
    return [_asked(known, job, one, now) for job, one in zip(jobs, said, strict=True)]


async def _known(reading: Transaction, jobs: Sequence[PushJob], said: Sequence[Said]) -> _Known:
    senders = _distinct(message.sender for one in said for message in one.messages)
    accounts = _distinct(job.account for job in jobs)
    names = _distinct(job.conversation for job, one in zip(jobs, said, strict=True) if one.messages)
    found: dict[AccountId, Account] = {}
    everybody = _distinct([*accounts, *senders])
    for first in range(0, len(everybody), PAGE_MAX):
        found.update((one.id, one) for one in await reading.accounts.many(everybody[first : first + PAGE_MAX]))
    return _Known(
        {one.device: one for one in await reading.push_subscriptions.of_many(_distinct(job.device for job in jobs))},
        found,
        await reading.preferences.among(accounts, names) if names else {},
        await reading.blocks.among(accounts, senders) if senders else set(),
    )


def _asked(known: _Known, job: PushJob, said: Said, now: int) -> Asked | None:
    to, account = known.subscriptions.get(job.device), known.accounts.get(job.account)
    if to is None or to.account != job.account or account is None or account.closed or account.disabled:
        return None
    state = said.state
    if state is None:
        return Asked(account, to)
    preferences = known.preferences.get((job.account, job.conversation), NONE)
    ways = [(message, push.way_of(message, job.account, state)) for message in said.messages]
    told = [
        (message, way)
        for message, way in ways
        if push.wanted(preferences, way, now, large=state.large) and (job.account, message.sender) not in known.blocks
    ]
    return Asked(account, to, told, known.accounts)


def _distinct(several: Iterable[_One]) -> list[_One]:
    return list(dict.fromkeys(several))
