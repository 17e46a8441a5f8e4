"""What a gateway hears of its inboxes when feeds lose messages, senders come anew, and several post to one inbox."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from prove.faults.proxy import Proxy, Way
from tests.contract.harness import ANN
from tests.contract.over_nats import nats_at
from tests.contract.postgres import empty

from chinwag.adapters.nats import NatsConnection
from chinwag.adapters.nats import feed_messages as messages
from chinwag.adapters.nats.announcer import INLINE_BYTES, Announcer
from chinwag.adapters.nats.feed_messages import Feed
from chinwag.adapters.nats.inbox import NatsInbox
from chinwag.adapters.postgres import PostgresStores, open_stores
from chinwag.ports.inbox import Arrival, Posting


class Poster:
    """A process that posts and announces."""

    def __init__(self, connection: NatsConnection, stores: PostgresStores) -> None:
        self.connection = connection
        self.stores = stores
        self.announcer = Announcer(connection, stores.arrivals.on_posted)

    async def close(self) -> None:
        await self.announcer.close()

    async def post(self, *texts: str) -> None:
        await self.stores.inbox.post([Posting(ANN, text.encode()) for text in texts])


class Feeds:
    """Two processes that post, and a gateway behind a proxy that holds Ann's inbox."""

    def __init__(self, nats: str, database: str) -> None:
        self.database = database
        self.told: list[Arrival] = []
        self._nats = nats
        self._cluster = secrets.token_hex(8)
        self._more = asyncio.Event()
        self._opened = AsyncExitStack()
        self.relay = Proxy("127.0.0.1", urlsplit(nats).port or 0)
        self.posters: list[Poster] = []
        self.gateway: NatsInbox

    async def start(self) -> None:
        await empty(self.database)
        await self._opened.enter_async_context(self.relay.serving())
        for _ in range(2):
            self.posters.append(await self.poster())
        servers = msgspec.structs.replace(
            nats_at(self._nats, self._cluster), urls=(f"nats://127.0.0.1:{self.relay.port}",)
        )
        connection = await NatsConnection.open(servers, "gateway")
        self._opened.push_async_callback(connection.close)
        stores = await open_stores(self.database, connections=2)
        self._opened.push_async_callback(stores.close)
        self.gateway = NatsInbox(connection, stores.inbox)
        self._opened.push_async_callback(self.gateway.close)
        self.gateway.feed(self._take)
        self.gateway.hold(ANN)
        await self.known()

    async def poster(self) -> Poster:
        connection = await NatsConnection.open(nats_at(self._nats, self._cluster), "posting")
        self._opened.push_async_callback(connection.close)
        stores = await open_stores(self.database, connections=2)
        self._opened.push_async_callback(stores.close)
        poster = Poster(connection, stores)
        self._opened.push_async_callback(poster.close)
        return poster

    async def stop(self) -> None:
        async with asyncio.timeout(60):
            await self._opened.aclose()

    async def known(self) -> None:
        """All who post know what is held."""
        wanted = {poster.announcer.id for poster in self.posters}
        async with asyncio.timeout(60):
            while not (wanted <= self.gateway.holds.senders and self.gateway.up_to_date):  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    async def until(self, enough: Callable[[Arrival], bool]) -> Arrival:
        async with asyncio.timeout(60):
            while True:
                for arrival in self.told:
                    if enough(arrival):
                        return arrival
                self._more.clear()
                await self._more.wait()

    def _take(self, arrivals: Sequence[Arrival]) -> None:
        self.told += arrivals
        self._more.set()


@pytest.fixture
async def feeds(nats_url: str, postgres_url: str) -> AsyncIterator[Feeds]:
    opened = Feeds(nats_url, postgres_url)
    await opened.start()
    yield opened
    await opened.stop()


def end(arrival: Arrival) -> int:
    """Up to where an inbox is told of."""
    return arrival.position + len(arrival.events) - 1


async def test_what_several_processes_post_to_one_inbox_is_told_in_order(feeds: Feeds) -> None:
    await asyncio.gather(*(poster.post(f"{number}") for number in range(100) for poster in feeds.posters))
    await feeds.until(lambda arrival: end(arrival) == 200)
    told, position = feeds.told, 0
    assert told[0].events == (), "the answer to the hold"
    for arrival in told[1:]:
        assert arrival.position > position
        position = end(arrival)
    texts = [event for arrival in told for event in arrival.events]
    assert len(texts) >= 190, "hardly any had to be read, however the two ways differ"


async def test_what_was_told_while_the_way_was_lost_is_made_known_once_it_is_back(feeds: Feeds) -> None:
    await feeds.posters[0].post("one")
    await feeds.until(lambda arrival: arrival.events == [b"one"] or arrival.events == (b"one",))
    feeds.relay.turn(Way.GONE)
    await feeds.posters[0].post("two")
    await feeds.posters[1].post("three")
    feeds.relay.turn(Way.PASS)
    await feeds.until(lambda arrival: end(arrival) == 3)
    await feeds.known()
    await feeds.posters[1].post("four")
    arrival = await feeds.until(lambda arrival: arrival.position == 4)
    assert (list(arrival.events), end(arrival)) in (([b"four"], 4), ([], 3))
    await feeds.until(lambda arrival: end(arrival) == 4)


async def test_a_number_that_is_missing_makes_the_gateway_look(feeds: Feeds) -> None:
    poster = feeds.posters[0]
    await poster.post("one")
    await feeds.until(lambda arrival: end(arrival) == 1)
    # Posted by a process that does not announce, as if its message were lost; then somebody's number jumps.
    silent = await open_stores(feeds.database, connections=1)
    await silent.inbox.post([Posting(ANN, b"unheard")])
    await silent.close()
    number = poster.announcer._gateways[feeds.gateway.holds._gateway].number
    jumped = Feed(poster.announcer.id, number + 2)
    poster.connection.publish(f"feed.{feeds.gateway.holds._gateway}", messages.encode(jumped))
    arrival = await feeds.until(lambda arrival: end(arrival) == 2)
    assert arrival.events == ()


async def test_a_sender_in_its_next_life_is_told_what_is_held(feeds: Feeds) -> None:
    await feeds.posters[0].announcer.close()
    feeds.posters[0].announcer = Announcer(feeds.posters[0].connection, feeds.posters[0].stores.arrivals.on_posted)
    await feeds.known()
    await feeds.posters[0].post("again")
    arrival = await feeds.until(lambda arrival: end(arrival) == 1)
    assert list(arrival.events) == [b"again"]


async def test_a_sender_that_has_forgotten_a_gateway_is_told_again(feeds: Feeds) -> None:
    poster = feeds.posters[0]
    poster.announcer._gateways[feeds.gateway.holds._gateway].heard = -1e9
    poster.announcer._forget_the_gone()
    async with asyncio.timeout(60):
        while ANN not in poster.announcer._holders:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await poster.post("again")
    assert list((await feeds.until(lambda arrival: end(arrival) == 1)).events) == [b"again"]


async def test_a_long_event_is_left_to_be_read(feeds: Feeds) -> None:
    await feeds.posters[0].post("x" * INLINE_BYTES)
    await feeds.posters[0].post("x" * (INLINE_BYTES + 1))
    short = await feeds.until(lambda arrival: arrival.position == 1 and len(arrival.events) == 1)
    assert len(short.events[0]) == INLINE_BYTES
    long = await feeds.until(lambda arrival: arrival.position == 3)
    assert long.events == ()


async def test_a_new_epoch_of_the_inboxes_is_told_with_the_next_arrival(feeds: Feeds) -> None:
    await feeds.posters[0].post("one")
    before = (await feeds.until(lambda arrival: end(arrival) == 1)).epoch
    connection = await asyncpg.connect(feeds.database)
    await connection.execute("UPDATE messages.life SET epoch = epoch + 1")
    await connection.close()
    await feeds.posters[1].post("two")
    assert (await feeds.until(lambda arrival: end(arrival) == 2)).epoch == before + 1


async def test_who_looks_again_hears_of_a_new_epoch_though_nothing_comes(feeds: Feeds) -> None:
    await feeds.posters[0].post("one")
    before = (await feeds.until(lambda arrival: end(arrival) == 1)).epoch
    connection = await asyncpg.connect(feeds.database)
    await connection.execute("UPDATE messages.life SET epoch = epoch + 1")
    await connection.close()
    feeds.gateway.look_again()
    told = await feeds.until(lambda arrival: arrival.epoch == before + 1)
    assert (end(told), list(told.events)) == (1, [])
    await feeds.gateway.close()
    feeds.gateway.look_again()  # of a gateway that has ended nobody wants to know
    assert feeds.gateway.up_to_date or not feeds.gateway.holds.senders


@pytest.mark.parametrize("garbage", [b"", b"\xc1", b"\x80", b"\x93\x01\x02\x03"])
async def test_what_is_no_message_costs_nothing_but_itself(feeds: Feeds, garbage: bytes) -> None:
    poster = feeds.posters[0]
    for subject in (
        f"feed.{feeds.gateway.holds._gateway}",
        f"holds.{poster.announcer.id}",
        messages.HERE,
        messages.WHO,
    ):
        feeds.posters[1].connection.publish(subject, garbage)
    await poster.post("one")
    assert list((await feeds.until(lambda arrival: end(arrival) == 1)).events) in ([b"one"], [])
