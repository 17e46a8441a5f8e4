"""The contract of the `Bus` port, over every adapter."""

import asyncio
from collections.abc import Callable

from tests.contract.harness import ANN

from chinwag.ports.bus import PEOPLE, REVOKED, Bus, NodeId, Publication, Revoked, Tell, answers_to


class Ear:
    """Keeps what it hears, and says when there is enough."""

    def __init__(self) -> None:
        self.heard: list[Publication] = []
        self._enough = asyncio.Event()
        self._count = 0

    def __call__(self, publication: Publication) -> None:
        self.heard.append(publication)
        if len(self.heard) >= self._count:
            self._enough.set()

    async def until(self, count: int) -> list[Publication]:
        self._count = count
        if len(self.heard) < count:
            self._enough.clear()
            await asyncio.wait_for(self._enough.wait(), 60)
        return self.heard


def tell(number: int) -> Tell:
    return Tell((ANN,), b"%d" % number)


async def test_signals_arrive_in_order_at_every_subscriber_of_their_subject(bus: Bus) -> None:
    one, two, other = Ear(), Ear(), Ear()
    bus.subscribe(PEOPLE, one)
    bus.subscribe(PEOPLE, two)
    bus.subscribe(REVOKED, other)
    sent = [tell(number) for number in range(1000)]
    for signal in sent:
        bus.publish(PEOPLE, signal)
    bus.publish(REVOKED, Revoked(ANN, ()))
    assert one.heard == []  # handlers never run inside publish
    assert await one.until(1000) == sent
    assert await two.until(1000) == sent
    assert await other.until(1) == [Revoked(ANN, ())]


async def test_a_signal_without_a_subscriber_is_gone(bus: Bus) -> None:
    ear = Ear()
    bus.publish(PEOPLE, tell(1))
    bus.subscribe(PEOPLE, ear)
    bus.publish(PEOPLE, tell(2))
    assert await ear.until(1) == [tell(2)]


async def test_who_unsubscribes_hears_nothing_more(bus: Bus) -> None:
    gone, stays = Ear(), Ear()
    unsubscribe = bus.subscribe(PEOPLE, gone)
    bus.subscribe(PEOPLE, stays)
    bus.publish(PEOPLE, tell(1))
    unsubscribe()
    unsubscribe()
    bus.publish(PEOPLE, tell(2))
    assert await stays.until(2) == [tell(1), tell(2)]
    assert gone.heard == []


async def test_a_handler_that_raises_stops_nobody(bus: Bus) -> None:
    def broken(_: Publication) -> None:
        raise ValueError("broken on purpose")

    ear = Ear()
    bus.subscribe(PEOPLE, broken)
    bus.subscribe(PEOPLE, ear)
    bus.publish(PEOPLE, tell(1))
    bus.publish(PEOPLE, tell(2))
    assert await ear.until(2) == [tell(1), tell(2)]


async def test_a_handler_may_publish_and_subscribe(bus: Bus) -> None:
    mine = answers_to(NodeId("n"))
    ear = Ear()
    unsubscribe: list[Callable[[], None]] = []

    def handler(publication: Publication) -> None:
        unsubscribe.append(bus.subscribe(mine, ear))
        bus.publish(mine, publication)

    bus.subscribe(PEOPLE, handler)
    bus.publish(PEOPLE, tell(1))
    assert await ear.until(1) == [tell(1)]
