"""Presence of all accounts: reports come in, transitions are stored and told to the people around.

`note` and `turn` change the table at once and never wait; `flush` stores and tells what they changed. One caller
turns and flushes (the presence role); a flush takes what there is, so that a flood is coalesced by account.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import islice
from typing import Final

import msgspec
import structlog

from chinwag.domain import presence
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import GRACE_MS, PARTS, DeviceAt, Phase, PresenceOf, Report, State, part_of
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.signals import Presence
from chinwag.flow.clock import Clock
from chinwag.ports.bus import PEOPLE, Bus, SessionChange, Tell
from chinwag.ports.mark_store import MarkStore, Seen

ACCOUNTS_MAX: Final = 1_000_000
"""Accounts in the table: those online and those that were until just now. Reports of more are dropped."""
BATCH: Final = 256
"""Accounts that one flush stores and tells of."""
TELLING: Final = 128
"""Audiences looked up at a time."""
ALL_PARTS: Final = range(PARTS)
SLICE: Final = 1_000
"""Accounts gone through before others have their turn."""

_STAGES: Final = {"up": Phase.UP, "down": Phase.DOWN, "out": Phase.OUT}
_log = structlog.get_logger(__name__)


class _Followed:
    """One account in the table. told: what people were told last, None while what is stored is not read yet.
    stamp: the `last_active_at` last stored or told, or on its way there. kept: the one that is known to be stored and
    alone is shown, so that no kill makes it go back. due: when the timer looks at it."""

    __slots__ = ("due", "kept", "stamp", "state", "told")

    def __init__(self, state: State) -> None:
        self.state = state
        self.told: bool | None = None
        self.stamp = self.kept = 0
        self.due: int | None = None


class Presences:
    """The table of presence, its timer and its unfinished transitions. All in memory and bounded by `ACCOUNTS_MAX`.

    Of the accounts of some parts of presence alone: others are another process's, and must not be judged here.
    """

    def __init__(
        self,
        marks: MarkStore,
        bus: Bus,
        audience: Callable[[AccountId], Awaitable[Collection[AccountId]]],
        clock: Clock,
        grace_ms: int = GRACE_MS,
        parts: Collection[int] = ALL_PARTS,
    ) -> None:
        """`clock` in milliseconds since 1970. parts: those that are kept here at first."""
        self._marks = marks
        self._bus = bus
        self._audience = audience
        self._clock = clock
        self._nobody = State(grace=grace_ms)
        self._grace_ms = grace_ms
        self._awaited_until: dict[int, int] = {}
        self._entries: dict[AccountId, _Followed] = {}
        self._timer: list[tuple[int, AccountId]] = []
        self._dirty: dict[AccountId, None] = {}
        self._unsaved: dict[AccountId, Seen] = {}
        self._recalling: AccountId | None = None
        self._recalled = False
        self.dropped = 0
        """Reports dropped because the table was full."""
        self.gain(parts)

    def __len__(self) -> int:
        """Accounts in the table."""
        return len(self._entries)

    @property
    def parts(self) -> frozenset[int]:
        """The parts that are kept here."""
        return frozenset(self._awaited_until)

    def gain(self, parts: Collection[int]) -> None:
        """Keep these parts as well: whoever of them is stored as online has from now on the grace to come back."""
        until = self._clock() + self._grace_ms
        for part in parts:
            self._awaited_until.setdefault(part, until)
        self._recalling, self._recalled = None, False

    def lose(self, parts: Collection[int]) -> None:
        """Keep these parts no longer; how things stand with them is stored with the next flush. For the one caller that
        turns and flushes."""
        for part in parts:
            self._awaited_until.pop(part, None)
        for account, entry in tuple(self._entries.items()):
            if not self._keeps(account):
                self._note_standing(account, entry)
                del self._entries[account]
                self._dirty.pop(account, None)

    @property
    def dirty(self) -> bool:
        """Whether a flush has something new to do."""
        return bool(self._dirty)

    @property
    def full(self) -> bool:
        """Whether a flush has a whole batch to do."""
        return len(self._dirty) >= BATCH

    @property
    def unsaved(self) -> bool:
        """Whether the store failed to take something, which the next flush tries again."""
        return bool(self._unsaved)

    def note(self, change: SessionChange) -> None:
        """Take a gateway's report. Copies and late ones do no harm, nor does one of an unknown state."""
        stage = _STAGES.get(change.state)
        if stage is None or not self._keeps(change.account):
            return
        entry = self._entries.get(change.account) or self._enter(change.account)
        if entry is not None:
            report = Report(change.session, change.device, change.node, stage, change.at)
            self._put(change.account, entry, presence.apply(entry.state, report, self._clock()))

    def turn(self) -> None:
        """See to all whose time has come."""
        now = self._clock()
        while self._timer and self._timer[0][0] <= now:
            due, account = heapq.heappop(self._timer)
            entry = self._entries.get(account)
            if entry is not None and entry.due == due:
                entry.due = None
                self._put(account, entry, entry.state)

    def next_turn(self) -> int | None:
        """When `turn` should be called, in milliseconds since 1970; None if nothing waits."""
        return self._timer[0][0] if self._timer else None

    async def node_gone(self, node: str) -> None:
        """The sessions of a dead node have the grace to come back."""
        await self._change_all(lambda state: presence.node_gone(state, node, self._clock()))

    async def recounted(self, since: int) -> None:
        """All sessions were asked for at `since` and had time to answer: those that did not are gone."""
        await self._change_all(lambda state: presence.unconfirmed(state, since))

    async def recall(self) -> bool:
        """Take in some of those who are stored as online, as a process that ended without a word has left them: whoever
        does not come back within the grace is announced offline, unasked. Whether there are more. Raises `Refused`."""
        if self._recalled:
            return False
        after = self._recalling
        rows = await self._marks.seen_after(after, SLICE)
        if after != self._recalling:
            return True  # it has been begun anew meanwhile
        for seen in rows:
            if seen.online and seen.account not in self._entries and self._keeps(seen.account):
                entry = self._enter(seen.account)
                if entry is not None:
                    self._take(seen.account, entry, seen)
        self._recalled = len(rows) < SLICE
        if rows:
            self._recalling = rows[-1].account
        return not self._recalled

    async def flush(self) -> None:
        """Store and tell the transitions of up to `BATCH` accounts. For one caller at a time.

        What the store does not take now is kept for the next flush, and told all the same.
        """
        accounts = list(islice(self._dirty, BATCH))
        for account in accounts:
            del self._dirty[account]
        await self._recall([account for account in accounts if self._entries[account].told is None])
        now = self._clock()
        transitions = []
        for account in accounts:
            self._dirty.pop(account, None)  # what changed since is looked at here as well
            if (seen := self._transition(account, now)) is not None:
                transitions.append(seen)
            elif (seen := self._later(account)) is None:
                continue
            self._unsaved[account] = seen
        await self._save()
        for first in range(0, len(transitions), TELLING):
            await asyncio.gather(*map(self._tell, transitions[first : first + TELLING]))
        for account in accounts:
            self._leave(account)

    async def read(self, accounts: Sequence[AccountId]) -> list[PresenceOf]:
        """The presence of each account. Raises `Refused(UNAVAILABLE)` if the store is asked and away, or for an account
        that is another's to keep.

        Who is stored as online but did not come back in time is offline, and its people are told so.
        """
        away = [one for one in accounts if (held := self._entries.get(one)) is None or held.told is None]
        stored = dict(zip(away, await self._marks.seen(away), strict=True)) if away else {}
        if not all(map(self._keeps, accounts)):
            raise Refused(Code.UNAVAILABLE, "another process keeps this account's presence", 1.0)
        now = self._clock()
        answers = []
        for account in accounts:
            seen = stored.get(account)
            entry = self._entries.get(account)
            if entry is None and seen is not None and seen.online:
                entry = self._enter(account)
                if entry is not None:
                    self._take(account, entry, seen)
            if entry is not None:
                last = max(entry.kept, seen.last_active_at if seen is not None else 0)
                answers.append(PresenceOf(account, presence.is_online(entry.state, now), last))
            else:
                answers.append(PresenceOf(account, False, seen.last_active_at if seen else 0))
        return answers

    def devices(self, account: AccountId) -> list[DeviceAt]:
        """The devices of `account` that are online, with node and since when."""
        entry = self._entries.get(account)
        return [] if entry is None else presence.devices(entry.state, self._clock())

    def connected(self, account: AccountId) -> list[DeviceId]:
        """The devices of `account` that are connected now."""
        entry = self._entries.get(account)
        return [] if entry is None else presence.connected(entry.state)

    async def close(self) -> None:
        """Store how things stand, so that after a restart the times are right. Does what it can."""
        for account, entry in self._entries.items():
            self._note_standing(account, entry)
        while self._dirty:
            await self.flush()
        while self._unsaved and await self._save():
            pass

    def _keeps(self, account: AccountId) -> bool:
        return part_of(account) in self._awaited_until

    def _note_standing(self, account: AccountId, entry: _Followed) -> None:
        """Let it be stored when somebody who is online was last active."""
        if entry.told and entry.state.last_active_at > entry.stamp:
            entry.stamp = entry.state.last_active_at
            self._unsaved[account] = Seen(account, True, entry.stamp)

    def _enter(self, account: AccountId) -> _Followed | None:
        if len(self._entries) >= ACCOUNTS_MAX:
            self.dropped += 1
            return None
        entry = self._entries[account] = _Followed(self._nobody)
        return entry

    def _put(self, account: AccountId, entry: _Followed, state: State) -> None:
        now = self._clock()
        entry.state = presence.settle(state, now)
        due = presence.next_change(entry.state, now)
        # A due time that has moved on is found out when the timer comes to it.
        if due is not None and (entry.due is None or due < entry.due):
            entry.due = due
            heapq.heappush(self._timer, (due, account))
        moved = entry.state.last_active_at > entry.stamp
        if moved or entry.told is not presence.is_online(entry.state, now) or presence.is_empty(entry.state):
            self._dirty[account] = None

    def _take(self, account: AccountId, entry: _Followed, seen: Seen) -> None:
        """Let the entry know what is stored, and so what people were told."""
        entry.told = seen.online
        entry.stamp = max(entry.stamp, seen.last_active_at)
        entry.kept = max(entry.kept, seen.last_active_at)
        until = self._awaited_until[part_of(account)]
        self._put(account, entry, presence.recalled(entry.state, seen.online, seen.last_active_at, until))

    async def _change_all(self, change: Callable[[State], State]) -> None:
        accounts = list(self._entries)
        for first in range(0, len(accounts), SLICE):
            for account in accounts[first : first + SLICE]:
                entry = self._entries.get(account)
                if entry is not None and (state := change(entry.state)) is not entry.state:
                    self._put(account, entry, state)
            await asyncio.sleep(0)

    async def _recall(self, accounts: list[AccountId]) -> None:
        rows: Sequence[Seen | None] = ()
        if accounts:
            try:
                rows = await self._marks.seen(accounts)
            except Refused as refused:
                _log.warning("presence goes on without what is stored", code=refused.code, detail=refused.detail)
                rows = [None] * len(accounts)
        for account, seen in zip(accounts, rows, strict=True):
            entry = self._entries[account]
            if entry.told is None:
                self._take(account, entry, seen or Seen(account, False, 0))

    def _transition(self, account: AccountId, now: int) -> Seen | None:
        entry = self._entries[account]
        online = presence.is_online(entry.state, now)
        if entry.told is online:
            return None
        entry.told = online
        # Rising, so that in the store and with clients the last transition holds.
        entry.stamp = max(entry.state.last_active_at, entry.stamp + 1)
        return Seen(account, online, entry.stamp)

    def _later(self, account: AccountId) -> Seen | None:
        """The same as people were told, of somebody who has been active since."""
        entry = self._entries[account]
        if entry.told is None or entry.state.last_active_at <= entry.stamp:
            return None
        entry.stamp = entry.state.last_active_at
        return Seen(account, entry.told, entry.stamp)

    async def _save(self) -> bool:
        """Store up to a batch or two; False if the store did not take it."""
        rows = list(islice(self._unsaved.values(), 2 * BATCH))
        if not rows:
            return True
        try:
            await self._marks.save_seen(rows)
        except Refused as refused:
            _log.warning("transitions of presence wait for the store", waiting=len(self._unsaved), code=refused.code)
            return False
        for row in rows:
            if (entry := self._entries.get(row.account)) is not None:
                entry.kept = max(entry.kept, row.last_active_at)
            if self._unsaved.get(row.account) is row:
                del self._unsaved[row.account]
                self._leave(row.account)
        return True

    async def _tell(self, seen: Seen) -> None:
        try:
            told = await self._audience(seen.account)
        except Refused as refused:
            _log.warning("nobody is told of a transition of presence", code=refused.code, detail=refused.detail)
            return
        signal = msgspec.json.encode(Presence(seen.account, seen.online, seen.last_active_at))
        self._bus.publish(PEOPLE, Tell(tuple(told), signal))

    def _leave(self, account: AccountId) -> None:
        """Forget an account of which the store says all there is to say."""
        entry = self._entries.get(account)
        if (
            entry is not None
            and entry.told is False
            and account not in self._dirty
            and account not in self._unsaved
            and presence.is_empty(entry.state)
        ):
            del self._entries[account]
