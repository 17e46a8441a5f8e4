"""What one node does not answer is asked of another one as well: the first answer counts."""

import asyncio
from typing import Any, Final, cast

import acsylla
import pytest
from tests.unit.test_cassandra_driver_lost import Prepared

from chinwag.adapters.cassandra.driver import CassandraServers, Driver
from chinwag.adapters.cassandra.hedging import hedged
from chinwag.adapters.cassandra.statements import Read

AFTER: Final = 0.001
BOUND: Final = 60.0
ROWS: Final = Read("SELECT one FROM somewhere WHERE two = ?")


class NeverError(Exception):
    """What no other one would answer otherwise."""


class Asked:
    """Answers each question with the next of `answers`: a text, an error, or not at all (None)."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self._answers = answers
        self.asked = self.cancelled = 0
        self.asked_for_all = asyncio.Event()

    async def __call__(self) -> str:
        answer = self._answers[self.asked]
        self.asked += 1
        if self.asked == len(self._answers):
            self.asked_for_all.set()
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return str(answer)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        (("first",), 1),
        ((None, "second"), 2),
        ((None, None, "third"), 3),
        ((OSError(), "second"), 2),
        ((None, OSError(), "third"), 3),
        ((OSError(), OSError(), "third"), 3),
    ],
)
async def test_the_first_answer_counts_and_what_is_still_open_is_left(
    answers: tuple[str | Exception | None, ...], asked: int
) -> None:
    ask = Asked(*answers)
    async with asyncio.timeout(BOUND):
        assert await hedged(ask, after=AFTER, more=2) == answers[-1]
    await asyncio.sleep(0)
    assert (ask.asked, ask.cancelled) == (asked, answers.count(None))


async def test_it_is_not_asked_more_often_than_that() -> None:
    ask = Asked(None, OSError("one"), OSError("two"))
    asking = asyncio.ensure_future(hedged(ask, after=AFTER, more=2))
    async with asyncio.timeout(BOUND):
        await ask.asked_for_all.wait()
    done, _ = await asyncio.wait([asking], timeout=10 * AFTER)
    assert not done, "the first one may still answer, and there is no fourth"
    asking.cancel()
    await asyncio.wait([asking])
    await asyncio.sleep(0)
    assert (ask.asked, ask.cancelled) == (3, 1)


async def test_the_last_error_is_told_when_none_answers() -> None:
    async with asyncio.timeout(BOUND):
        with pytest.raises(OSError, match="three"):
            await hedged(Asked(OSError("one"), OSError("two"), OSError("three")), after=AFTER, more=2)


async def test_what_no_other_one_would_answer_otherwise_is_told_at_once() -> None:
    ask = Asked(NeverError(), "second")
    with pytest.raises(NeverError):
        await hedged(ask, after=AFTER, more=2, final=(NeverError,))
    assert ask.asked == 1


class Statement(Prepared):
    def bind(self, values: object, **more: object) -> "Statement":
        return self


class Rows(list[Any]):
    def has_more_pages(self) -> bool:
        return False


class OneStandsStill:
    """A session whose first node answers nothing; the driver itself prepares at one node after the other."""

    def __init__(self) -> None:
        self.asked = 0

    async def create_prepared(self, cql: str) -> Statement:
        self.asked += 1
        if self.asked == 1:
            await asyncio.Event().wait()
        return Statement()

    async def execute(self, *_: object) -> Rows:
        return Rows()


async def test_a_statement_is_prepared_by_another_node_when_one_does_not_answer() -> None:
    session = OneStandsStill()
    driver = Driver(cast("Any", session))
    async with asyncio.timeout(BOUND):
        assert await driver.rows(ROWS, (1,)) == []
        assert await driver.rows(ROWS, (2,)) == []
    assert session.asked == 2, "once it is prepared nobody is asked for that again"


async def test_the_driver_keeps_the_pause_that_it_is_told_between_two_tries_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, Any] = {}

    class Cluster:
        async def create_session(self, keyspace: str | None) -> object:
            return object()

    def create_cluster(_: list[str], **more: object) -> Cluster:
        told.update(more)
        return Cluster()

    monkeypatch.setattr(acsylla, "create_cluster", create_cluster)
    await Driver.connect(CassandraServers(hosts=("127.0.0.1",)))
    assert told["constant_reconnect_delay_ms"]
    # acsylla lets pauses that grow to a minute have precedence, and has a value for them unless it is told None
    assert told["exponential_reconnect_base_delay_ms"] is None
    assert not told["prepare_on_all_hosts"], "one node that stands still would let no statement be prepared"
    assert told["heartbeat_interval_sec"] < told["idle_timeout_sec"]
