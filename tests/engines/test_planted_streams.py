"""Each thing on which inboxes and stores of the cassandra profile rest is forgotten once, and its test must fail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest
from prove.faults.wrong import STREAMED, streamed
from tests.contract.over_inbox_streams import a_keyspace, emptied
from tests.engines import test_inbox_marks, test_inbox_streams
from tests.engines.test_inbox_streams import World
from tests.support.own_nats import OwnNats
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters.cassandra import CassandraServers
from chinwag.domain.refusal import Refused

pytestmark = pytest.mark.cluster_prove

QUICK: Final = 10.0
"""Seconds after which what does not come is missing: it comes within one where nothing is forgotten."""
FOUND_BY: Final[dict[str, Callable[[World, OwnNats], Awaitable[None]]]] = {
    "write-unstamped": lambda world, _: test_inbox_streams.test_what_was_seen_outlives_the_worker(world),
    "discard-old": lambda world, _: test_inbox_streams.test_a_full_stream_refuses_and_loses_nothing(world),
    "seen-not-kept": lambda world, _: test_inbox_streams.test_what_was_seen_outlives_the_worker(world),
    "rows-by-batch": lambda world, _: (
        test_inbox_streams.test_a_worker_that_died_before_any_state_makes_the_same_rows_of_other_batches(world)
    ),
    "epoch-left-out": lambda world, nats: (
        test_inbox_streams.test_a_stream_that_is_lost_gives_all_a_new_epoch_and_goes_on(world, nats, "deleted")
    ),
    "marks-go-back": lambda world, _: (
        test_inbox_marks.test_of_two_processes_that_move_a_mark_at_once_nobody_hears_of_the_lower_last(world)
    ),
}
OPEN: Final = {"no-read-repair"}
"""It takes several nodes, of which one lies behind: nothing looks for it yet."""


@pytest.fixture(scope="module")
def keyspace(cassandra_port: int) -> CassandraServers:
    """Of this file."""
    return a_keyspace(cassandra_port)


@pytest.fixture
async def inboxes(
    nats: OwnNats, zookeeper: OwnEnsemble, keyspace: CassandraServers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A cluster of the test's own, gone before anything is made right again."""
    made = World(nats, zookeeper, keyspace)
    yield made
    monkeypatch.undo()
    await made.close()
    await emptied(keyspace)


def test_each_is_looked_for() -> None:
    assert {*FOUND_BY, *OPEN} == {*STREAMED}


@pytest.mark.parametrize("name", FOUND_BY)
async def test_what_is_forgotten_is_found(
    name: str, inboxes: World, nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(owner: Any, what: str, by: Callable[[Any], Any]) -> None:
        monkeypatch.setattr(owner, what, by(getattr(owner, what)))

    monkeypatch.setattr(streamed, "replace", replace)
    monkeypatch.setattr(test_inbox_streams, "BOUND", QUICK)
    STREAMED[name].plant()
    with pytest.raises((AssertionError, TimeoutError, Refused, pytest.fail.Exception)):
        await FOUND_BY[name](inboxes, nats)
