"""Engines are waited for while they do not answer, ever more slowly and for a bounded time; a no is no wait."""

import socket
import ssl
from functools import partial

import asyncpg
import pytest
from structlog.testing import capture_logs

from chinwag.adapters.postgres.schema import MissingSchemaError
from chinwag.assembly.cluster.waiting import MOST_SECONDS, Awaited, Engine, is_away
from chinwag.domain.refusal import Code, NoAnswerError, Refused
from chinwag.told import Told


class World:
    """Engines, each of which comes after so many looks, and the time."""

    def __init__(self, seconds: float, **comes_after: int) -> None:
        self.at = 100.0
        self.pauses: list[float] = []
        self.left = dict(comes_after)
        self.no: dict[str, Exception] = {}
        engines = [Engine(name, partial(self._look, name)) for name in comes_after]
        self.awaited = Awaited(engines, seconds, lambda: self.at, self._sleep)

    async def _look(self, name: str) -> None:
        if self.left[name] > 0:
            self.left[name] -= 1
            raise ConnectionRefusedError(f"no {name}")
        if name in self.no:
            raise self.no[name]

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds


async def test_engines_that_are_there_cost_no_wait() -> None:
    world = World(600, postgres=0, nats=0)
    with capture_logs() as lines:
        assert await world.awaited.there()
    assert (world.pauses, lines) == ([], [])


async def test_each_that_is_away_is_named_ever_more_slowly_until_all_are_there() -> None:
    world = World(600, postgres=3, nats=8)
    with capture_logs() as lines:
        assert await world.awaited.there()
    assert world.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, MOST_SECONDS, MOST_SECONDS, MOST_SECONDS]
    named = [line["engine"] for line in lines]
    assert (named.count("postgres"), named.count("nats")) == (3, 8)
    assert lines[-1]["error"] == "no nats"
    assert lines[-1]["waited"] == round(sum(world.pauses[:-1]))


async def test_the_wait_is_bounded_in_all() -> None:
    world = World(20, nats=1_000)
    assert not await world.awaited.there()
    assert sum(world.pauses) == 20
    assert not await world.awaited.there()
    assert sum(world.pauses) == 20


async def test_one_that_says_no_ends_the_wait_for_others() -> None:
    world = World(600, nats=1_000, postgres=2)
    world.no["postgres"] = asyncpg.InvalidPasswordError("password authentication failed")
    assert await world.awaited.there()
    assert len(world.pauses) == 2


async def test_without_a_wait_there_is_one_look() -> None:
    world = World(0, nats=1)
    assert not await world.awaited.there()
    assert world.pauses == []


async def test_engines_that_take_connections_and_cannot_be_used_yet_are_waited_for_in_the_same_time() -> None:
    world = World(20, cassandra=0)
    cannot = Told("Cassandra cannot be used")
    cannot.__cause__ = NoAnswerError("one node of three answers")
    with capture_logs() as lines:
        while await world.awaited.there() and await world.awaited.again(cannot):
            pass
    assert sum(world.pauses) == 20
    assert world.pauses[:3] == [0.5, 1.0, 2.0]
    assert {line["error"] for line in lines} == {"Cassandra cannot be used"}


async def test_what_says_no_is_not_tried_again() -> None:
    world = World(20, cassandra=0)
    no = Told("Cassandra cannot be used")
    no.__cause__ = Refused(Code.UNAVAILABLE, "wrong password", 1.0)
    assert not await world.awaited.again(no)
    assert world.pauses == []


@pytest.mark.parametrize(
    "error",
    [
        NoAnswerError("too few nodes"),
        ConnectionRefusedError("refused"),
        ConnectionResetError("reset"),
        TimeoutError(),
        socket.gaierror(-3, "no name yet"),
        ConnectionError("unexpected connection_lost() call"),
        FileNotFoundError(2, "no socket of it"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ],
    ids=repr,
)
def test_silence_is_waited_out(error: Exception) -> None:
    assert is_away(error)
    told = Refused(Code.UNAVAILABLE)
    told.__cause__ = error
    assert is_away(told)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InvalidCatalogNameError('database "chinwag" does not exist'),
        asyncpg.InvalidAuthorizationSpecificationError("no pg_hba.conf entry"),
        ssl.SSLCertVerificationError("certificate verify failed"),
        ConnectionError('PostgreSQL server at "db:5432" rejected SSL upgrade'),
        FileNotFoundError(2, "No such file or directory", "/etc/chinwag/ca.pem"),
        ValueError("invalid DSN"),
    ],
    ids=repr,
)
def test_a_no_is_not_waited_out(error: Exception) -> None:
    assert not is_away(error)
    told = MissingSchemaError("run chinwag cluster init")
    assert not is_away(told)
    told.__cause__ = error
    assert not is_away(told)
