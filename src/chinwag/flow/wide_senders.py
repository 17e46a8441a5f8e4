"""Who asks for something in a wide group: whether it is a member, and when it wrote last.

Both stand in rows of its own, which are read for many at a time. What was read lets pass what needs no fresh look for a
minute, as a state does; how often somebody writes is judged by a fresh one, and by what passed here meanwhile.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Member, Role
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.member_row import NOBODY, MemberRow
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.wide import member_of
from chinwag.flow.clock import Clock
from chinwag.flow.states import PASSED_SECONDS
from chinwag.flow.together import Together
from chinwag.ports.message_store import MessageStore, PersonName

KEPT: Final = 50_000
"""Members of whom it is kept that they were seen, those seen last."""
LARGE_SECONDS: Final = 1.0
"""From one message of an account in a large group to its next."""


class _Found(msgspec.Struct, frozen=True, gc=False):
    """row: the account's stays. wrote_at: when its last message was sent, in milliseconds since 1970; 0: never."""

    row: MemberRow
    wrote_at: int


class WideSenders:
    """Those of one process."""

    def __init__(
        self,
        store: MessageStore,
        clock: Clock,
        large_seconds: float = LARGE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """large_seconds: as `LARGE_SECONDS`; 0: as often as one likes."""
        self._store = store
        self._clock = clock
        self._large_seconds = large_seconds
        self._now = now
        self._together: Together[PersonName, _Found] = Together(self._read)
        self._seen: OrderedDict[PersonName, tuple[float, int]] = OrderedDict()
        """Of members: when they were seen last, and when they wrote last, as far as is known."""

    def __len__(self) -> int:
        """Members that are kept."""
        return len(self._seen)

    def passes(self, state: Conversation, account: AccountId, now: float, *, sends: bool) -> bool:
        """Whether a member seen a minute ago asks for what needs no fresh look. sends: it is a message."""
        seen = self._seen.get((state.id, account))
        if seen is None or now - seen[0] > PASSED_SECONDS:
            return False
        return not sends or not self._seconds(state, Role.MEMBER)

    async def member(self, state: Conversation | None, account: AccountId) -> Member | None:
        """The present membership, in a wide group by a fresh read. Raises `Refused(UNAVAILABLE)`."""
        if state is None or not state.wide:
            return None if state is None else member_of(state, account)
        name = (state.id, account)
        found = await self._together.ask(name)
        member = member_of(state, account, {account: found.row})
        earlier = self._seen.pop(name, None)
        if member is not None:
            wrote_at = found.wrote_at if earlier is None else max(found.wrote_at, earlier[1])
            self._seen[name] = (self._now(), wrote_at)
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
        return member

    def take(self, state: Conversation, account: AccountId, member: Member) -> None:
        """A message of a member that was just looked up goes on. Raises `Refused` (`slow_down`) so soon after the one
        before."""
        seconds = self._seconds(state, member.role)
        if not seconds:
            return
        name, at = (state.id, account), self._clock()
        seen_at, wrote_at = self._seen.get(name, (self._now(), 0))
        passed = (at - wrote_at) / 1000
        wait = min(seconds, seconds - passed)
        # One of a time that is still to come was sent before the clock was put back: it says nothing of how long ago.
        if wait > 0 and passed > -seconds:
            raise Refused(Code.SLOW_DOWN, f"one message in {seconds:g} s", wait)
        self._seen[name] = (seen_at, at)

    def _seconds(self, state: Conversation, role: Role) -> float:
        """From one message to the next. What a group asks of its members it does not ask of its admins."""
        slow = state.settings.slow if role is Role.MEMBER else 0
        return max(slow, self._large_seconds if state.large else 0.0)

    async def _read(self, names: Sequence[PersonName]) -> Mapping[PersonName, _Found]:
        rows, cells = await self._store.people(names), await self._store.wrote(names)
        return {
            name: _Found(row or NOBODY, 0 if cell is None else cell.at)
            for name, row, cell in zip(names, rows, cells, strict=True)
        }


def queue_of(state: Conversation | None, conversation: ConversationId, account: AccountId) -> tuple[str, ...]:
    """Behind which others a wish waits for its look-up: those of its conversation, or of a wide group, in which so many
    write at once, its account's own."""
    return (conversation,) if state is None or not state.wide else (conversation, account)
