"""Each thing on which inboxes and stores of the cassandra profile rest is forgotten once, and its test must fail."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from typing import Any, Final

import pytest
from prove.faults.wrong import STREAMED, streamed
from tests.contract.over_inbox_streams import emptied
from tests.engines import inbox_world, test_read_repair
from tests.engines.inbox_world import InboxWorld
from tests.engines.test_inbox_lag import Lagging
from tests.support.own_nats import OwnNats
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters.cassandra import CassandraServers
from chinwag.domain.refusal import Refused

pytestmark = pytest.mark.cluster_prove

QUICK: Final = 10.0
"""Seconds after which what does not come is missing: it comes within one where nothing is forgotten."""
HERE: Final = tuple(name for name in STREAMED if name != test_read_repair.PLANT)
"""What one node shows; `test_read_repair.py` has a ring."""


@pytest.fixture
async def inboxes(
    nats: OwnNats, zookeeper: OwnEnsemble, keyspace: CassandraServers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[InboxWorld]:
    """A cluster of the test's own, gone before anything is made right again."""
    made = InboxWorld(nats, zookeeper, keyspace)
    yield made
    monkeypatch.undo()
    await made.close()
    await emptied(keyspace)


@pytest.mark.parametrize("name", HERE)
async def test_what_is_forgotten_is_found(
    name: str, inboxes: InboxWorld, nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(owner: Any, what: str, by: Callable[[Any], Any]) -> None:
        monkeypatch.setattr(owner, what, by(getattr(owner, what)))

    finder = _finder(STREAMED[name].test)
    lagging = Lagging(inboxes)
    given = {"inboxes": inboxes, "nats": nats, "lagging": lagging, "how": "deleted"}
    wanted = inspect.signature(finder).parameters
    monkeypatch.setattr(streamed, "replace", replace)
    monkeypatch.setattr(inbox_world, "BOUND", QUICK)
    STREAMED[name].plant()
    with pytest.raises((AssertionError, TimeoutError, Refused, pytest.fail.Exception)):
        await finder(**{one: given[one] for one in wanted})
    await lagging.stop()


def _finder(test: str) -> Callable[..., Awaitable[None]]:
    file, _, name = test.partition("::")
    found: Callable[..., Awaitable[None]] = getattr(import_module(f"tests.engines.{file.removesuffix('.py')}"), name)
    return found
