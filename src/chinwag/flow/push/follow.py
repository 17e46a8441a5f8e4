"""Follows all that is placed (`flow/following.py`), and lets wait what is to be pushed of it.

What waits is written in the transaction that moves the reader's mark: a crash loses nothing and doubles nothing.
Here it is only seen whom a message may concern at all; whether it is pushed is decided when it is due.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Member
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.mentions import ALL
from chinwag.domain.push import BURST_MS, OLD_MS
from chinwag.fail_points import passing
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.following import Following
from chinwag.flow.membership_of import all_members, members_of
from chinwag.ports.directory import PUSHES, WAITING_MAX, Directory, PushWanted
from chinwag.ports.follower import Follower, Reached, Stretch
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore

POLL_SECONDS: Final = 0.25
"""How soon what was placed is seen."""
READ: Final = 50
"""Events that are read together: 20 MB at most."""
STATES: Final = 100
"""States of conversations that are read together."""
LONGEST_MS: Final = 10_000
"""How long after a message was accepted a clock of another machine may stamp it; such a one is new in any case."""


class _Event(msgspec.Struct, gc=False):
    """Of any event what is looked at."""

    kind: str
    number: int
    sent_at: int
    sender: AccountId = msgspec.field(name="from")
    target: int = 0
    mentioned: tuple[AccountId, ...] = ()


_decode: Final = msgspec.json.Decoder(_Event).decode
_Spread = tuple[ConversationId, bool, int]
"""Message of a large group for many of its members, for all of them if so (`PushSpreadRepository.want`)."""


class _Seen(msgspec.Struct):
    """What has happened in a conversation: messages (number, sender), rising, the numbers of those deleted, and of each
    account that messages speak to the newest such one that somebody else wrote (`*`: all)."""

    messages: list[tuple[int, AccountId]]
    deleted: list[int]
    spoken_to: dict[AccountId, int]


class PushFollower(Follower):
    """Reads the streams, one step after another. Of several only one gets on: the others see that it was read."""

    def __init__(
        self,
        directory: Directory,
        inbox: Inbox,
        store: MessageStore,
        streams: int,
        clock: Clock,
        most: int = WAITING_MAX,
    ) -> None:
        """streams: how many there are, one for each partition of the log. most: jobs that wait at once."""
        self._directory = directory
        self._store = store
        self._clock = clock
        self._most = most
        self._following = Following(self, inbox, store, streams)
        self._room = 0
        self.dropped = 0
        """Jobs that went, as too many waited."""

    @property
    def behind(self) -> int:
        """Events of the streams that were not read at the last look."""
        return self._following.lag

    async def step(self) -> bool:
        """A bounded piece; whether there is more to do. Raises `Refused`: nothing is changed."""
        return await self._following.step()

    async def reached(self) -> Reached | None:
        async with self._directory.reading() as directory:
            return await directory.push_jobs.reached()

    async def begin(self, place: Reached) -> None:
        """From now on: what was said before is nobody's news. What waits, waits on."""
        async with self._directory.transaction(account=PUSHES) as transaction:
            await transaction.push_jobs.reach(msgspec.structs.replace(place, walk=None))

    async def keep(self, stretches: Sequence[Stretch], before: Reached, after: Reached) -> bool:
        if before.walk is not None:
            return False  # there is no walk: see `begin`
        async with self._directory.reading() as directory:
            anybody = await directory.push_subscriptions.any()
        seen = await self._look(stretches) if anybody else {}
        wanted, spreads = await self._wanted(seen)
        passing("push.read")
        now = self._clock()
        async with self._directory.transaction(account=PUSHES) as transaction:
            jobs = transaction.push_jobs
            if await jobs.reached() != before:
                return False
            await jobs.add(wanted, now, now + BURST_MS)
            for spread in spreads:
                await transaction.push_spreads.want(*spread, now + BURST_MS)
            for conversation, happened in seen.items():
                await jobs.undo(conversation, happened.deleted, now)
            self._room -= len(wanted)
            if wanted and self._room < 0:
                dropped = await jobs.shorten(self._most)
                self._room = self._most - await jobs.waiting()
                self.dropped += dropped
            await jobs.reach(after)
        return True

    async def _look(self, stretches: Sequence[Stretch]) -> dict[ConversationId, _Seen]:
        now = self._clock()
        found: dict[ConversationId, _Seen] = {}
        for stretch in stretches:
            for first in range(stretch.first, stretch.last + 1, READ):
                rows = await self._store.events(stretch.conversation, first, min(stretch.last, first + READ - 1))
                for event in map(_decode, map(content, rows)):
                    young = event.sent_at > now - OLD_MS
                    if event.kind == "deleted":
                        found.setdefault(stretch.conversation, _Seen([], [], {})).deleted.append(event.target)
                    elif event.kind == "message" and young:
                        seen = found.setdefault(stretch.conversation, _Seen([], [], {}))
                        seen.messages.append((event.number, event.sender))
                        seen.spoken_to.update((one, event.number) for one in event.mentioned if one != event.sender)
        return found

    async def _wanted(self, seen: dict[ConversationId, _Seen]) -> tuple[list[PushWanted], list[_Spread]]:
        names = [name for name, happened in seen.items() if happened.messages]
        concerned: dict[ConversationId, dict[AccountId, int]] = {}
        large: list[ConversationId] = []
        for first in range(0, len(names), STATES):
            some = names[first : first + STATES]
            for name, state in zip(some, await self._store.states(some), strict=True):
                if state is not None:
                    concerned[name] = await self._concerned(state, seen[name])
                    if state.large:
                        large.append(name)
        accounts = list(dict.fromkeys(account for numbers in concerned.values() for account in numbers))
        devices: dict[AccountId, list[DeviceId]] = {}
        if accounts:
            async with self._directory.reading() as directory:
                for account, device in await directory.push_subscriptions.devices_of(accounts):
                    devices.setdefault(account, []).append(device)
        wanted = [
            PushWanted(device, account, name, number)
            for name, numbers in concerned.items()
            for account, number in numbers.items()
            for device in devices.get(account, ())
        ]
        return wanted, await self._spreads({name: seen[name] for name in large})

    async def _spreads(self, seen: dict[ConversationId, _Seen]) -> list[_Spread]:
        """What is for many in large groups: for all whom a message speaks to, and for who wants to be told of each."""
        if not seen:
            return []
        found: list[_Spread] = []
        async with self._directory.reading() as directory:
            for name, happened in seen.items():
                if ALL in happened.spoken_to:
                    found.append((name, True, happened.spoken_to[ALL]))
                if await directory.preferences.who_wants_every(name, None, 1):
                    found.append((name, False, happened.messages[-1][0]))
        return found

    async def _concerned(self, state: Conversation, seen: _Seen) -> dict[AccountId, int]:
        """The newest message for each member whom one of them concerns. In a large group that is whom one speaks to by
        name: what is for more of it is spread (`spread.py`)."""
        if not state.wide:
            return _among(state.members.items(), seen.messages)
        found: dict[AccountId, int] = {}
        if not state.large:
            async for members in all_members(self._store, state):
                found.update(_among(members, seen.messages))
        named = [(state, account) for account in seen.spoken_to if account != ALL]
        for (_, account), member in zip(named, await members_of(self._store, named), strict=True):
            if member is not None and seen.spoken_to[account] > member.joined:
                found[account] = max(found.get(account, 0), seen.spoken_to[account])
        return found


def _among(
    members: Iterable[tuple[AccountId, Member]], messages: Sequence[tuple[int, AccountId]]
) -> dict[AccountId, int]:
    """The newest message for each member whom one of them concerns: it was there then, and somebody else wrote."""
    newest, author = messages[-1]
    another = next((number for number, sender in reversed(messages) if sender != author), 0)
    found: dict[AccountId, int] = {}
    for account, member in members:
        number = another if account == author else newest
        if number > max(member.joined, member.wrote):
            found[account] = number
    return found
