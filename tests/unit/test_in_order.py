"""Arrivals of several senders come out in rising order, and whatever was told is told or known to be missing."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chinwag.adapters.in_order import InOrder
from chinwag.domain.ids import AccountId
from chinwag.ports.inbox import Arrival

ANN, BEN = AccountId("1"), AccountId("2")


class Reader:
    """Follows one account as a session does: it notes what it had to read from the inbox."""

    def __init__(self) -> None:
        self.position = 0
        self.read = 0
        self.last = 0

    def take(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            if arrival.account != ANN:
                continue
            assert arrival.position >= self.last, "rising"
            self.last = arrival.position
            if arrival.position > self.position + 1:
                self.read += arrival.position - 1 - self.position
            self.position = max(self.position, arrival.position + len(arrival.events) - 1)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12), st.data())
def test_whatever_their_order_all_are_told_and_nothing_is_read(sizes: list[int], data: st.DataObject) -> None:
    arrivals, position = [], 1
    for size in sizes:
        arrivals.append(Arrival(ANN, position, [b"%d" % position] * size, 1))
        position += size
    shuffled = data.draw(st.permutations(arrivals))
    copies = data.draw(st.lists(st.sampled_from(arrivals), max_size=4))

    async def run() -> Reader:
        order, reader = InOrder(seconds=3600), Reader()
        order.feed(reader.take)
        order.hold(ANN)
        order.take([Arrival(ANN, 1, (), 1)])  # where the inbox ended when it was held
        for arrival in (*shuffled, *copies):
            order.take([arrival])
        order._over()
        return reader

    reader = asyncio.run(run())
    assert reader.position == position - 1
    assert reader.read == 0


async def test_what_does_not_come_is_not_waited_for() -> None:
    told = asyncio.Event()
    order, reader = InOrder(seconds=0.01), Reader()

    def take(arrivals: Sequence[Arrival]) -> None:
        reader.take(arrivals)
        if reader.position == 4:
            told.set()

    order.feed(take)
    order.hold(ANN)
    order.take([Arrival(ANN, 1, [b"1"], 1)])
    order.take([Arrival(ANN, 4, [b"4"], 1)])
    assert reader.position == 1
    async with asyncio.timeout(30):
        await told.wait()
    assert reader.read == 2
    order.take([Arrival(ANN, 2, [b"2", b"3"], 1)])
    assert reader.last == 4, "it is too late: the reader has read it"


async def test_an_older_epoch_is_not_told_and_a_newer_one_begins_anew() -> None:
    order, told = InOrder(), list[Arrival]()
    order.feed(told.extend)
    order.hold(ANN)
    first, newer, late = Arrival(ANN, 5, [b"5"], 1), Arrival(ANN, 2, [b"2"], 2), Arrival(ANN, 6, [b"6"], 1)
    for arrival in (first, newer, late):
        order.take([arrival])
    assert told == [first, newer]


async def test_only_what_is_held_is_told_and_kept() -> None:
    order, told = InOrder(seconds=3600), list[Arrival]()
    order.feed(told.extend)
    assert order.hold(ANN)
    assert not order.hold(ANN)
    order.take([Arrival(BEN, 1, [b"1"], 1), Arrival(ANN, 1, [b"1"], 1), Arrival(ANN, 5, [b"5"], 1)])
    assert [arrival.account for arrival in told] == [ANN]
    assert not order.release(ANN)
    assert order.release(ANN)
    assert not order.release(ANN)
    order._over()
    assert len(told) == 1
