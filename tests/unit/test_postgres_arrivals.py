"""The feed of the stores on PostgreSQL: whatever the order of answers, each account is told by rising position."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chinwag.adapters.postgres.arrivals import Arrivals
from chinwag.adapters.postgres.postings import Posted
from chinwag.domain.ids import AccountId
from chinwag.ports.inbox import Arrival

ACCOUNTS = [AccountId("a"), AccountId("b")]


class Database:
    """Gives positions when a transaction is committed there, which is some time before its answer comes."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.heads: dict[AccountId, int] = dict.fromkeys(ACCOUNTS, 0)
        self.begun: list[int] = []
        self.committed: list[tuple[int, list[Posted]]] = []
        self.own: dict[AccountId, list[int]] = defaultdict(list)
        self._arrivals = arrivals

    def begin(self) -> None:
        self.begun.append(self._arrivals.begin())

    def commit(self, which: int, audience: list[AccountId], events: int) -> None:
        if not self.begun:
            return
        transaction = self.begun.pop(which % len(self.begun))
        positions = [self.heads[account] + 1 for account in audience]
        for account, position in zip(audience, positions, strict=True):
            self.heads[account] += events
            self.own[account] += range(position, position + events)
        self.committed.append((transaction, [Posted(1, audience, positions, [b"{}"] * events)]))

    def others(self, account: AccountId) -> None:
        """Another process posts."""
        self.heads[account] += 1

    def answer(self, which: int) -> None:
        if self.committed:
            self._arrivals.end(*self.committed.pop(which % len(self.committed)))


ACTS = st.one_of(
    st.just(("begin",)),
    st.tuples(
        st.just("commit"),
        st.integers(0, 9),
        st.lists(st.sampled_from(ACCOUNTS), min_size=1, unique=True),
        st.integers(1, 3),
    ),
    st.tuples(st.just("answer"), st.integers(0, 9)),
    st.tuples(st.just("others"), st.sampled_from(ACCOUNTS)),
)


@given(st.lists(ACTS, max_size=60))
def test_all_that_a_process_posts_is_told_once_and_in_order(acts: Sequence[tuple[object, ...]]) -> None:
    async def play() -> None:
        arrivals = Arrivals()
        told: dict[AccountId, list[int]] = defaultdict(list)

        def hear(news: Sequence[Arrival]) -> None:
            for one in news:
                told[one.account] += range(one.position, one.position + len(one.events))

        arrivals.feed(hear)
        for account in ACCOUNTS:
            arrivals.hold(account)
        database = Database(arrivals)
        for name, *values in acts:
            getattr(database, str(name))(*values)
        while database.begun:
            database.commit(0, [ACCOUNTS[0]], 1)
        while database.committed:
            database.answer(0)
        await asyncio.sleep(0)
        for account in ACCOUNTS:
            assert told[account] == database.own[account]

    asyncio.run(play())


async def test_another_epoch_begins_anew() -> None:
    arrivals = Arrivals()
    told: list[int] = []
    arrivals.feed(lambda news: told.extend(one.position for one in news))
    arrivals.hold(ACCOUNTS[0])
    for epoch, position in ((1, 7), (2, 3), (2, 4)):
        arrivals.end(arrivals.begin(), [Posted(epoch, ACCOUNTS[:1], [position], [b"{}"])])
    await asyncio.sleep(0)
    assert told == [7, 3, 4]


async def test_who_is_released_waits_for_nothing() -> None:
    arrivals = Arrivals()
    told: list[int] = []
    arrivals.feed(lambda news: told.extend(one.position for one in news))
    arrivals.hold(ACCOUNTS[0])
    first, second = arrivals.begin(), arrivals.begin()
    arrivals.end(second, [Posted(1, ACCOUNTS[:1], [2], [b"{}"])])
    arrivals.release(ACCOUNTS[0])
    arrivals.end(first, [Posted(1, ACCOUNTS[:1], [1], [b"{}"])])
    await asyncio.sleep(0)
    assert told == []
