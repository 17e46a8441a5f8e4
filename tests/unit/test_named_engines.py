"""An engine that refuses is called by its own name, also where several are asked for one thing."""

import asyncio
from collections.abc import Callable

import pytest

from chinwag.assembly.cluster.named_engines import NamedCounter, named, named_applied
from chinwag.assembly.cluster.opened import EngineAwayError
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused


class Away:
    """All that it is asked is refused."""

    async def current(self, partition: int, changed: Callable[[], None] | None = None) -> int:
        raise Refused(Code.UNAVAILABLE, "no server answers", 1.0)

    async def begin(self, partition: int, after: int, floor: int = 0) -> int:
        raise Refused(Code.UNAVAILABLE, "no server answers", 1.0)

    async def applied(self, partition: int) -> Position:
        raise Refused(Code.UNAVAILABLE, "no server answers", 1.0)


def test_the_engine_that_refuses_is_named_and_not_the_one_whose_work_it_was() -> None:
    counter = NamedCounter("ZooKeeper", Away())
    for engine, work in (
        ("ZooKeeper", counter.begin(3, 0)),
        ("ZooKeeper", counter.current(3)),
        ("Cassandra at c1", named_applied("Cassandra at c1", Away().applied)(3)),
        ("JetStream", Away().begin(3, 0)),
    ):
        with pytest.raises(EngineAwayError, match=rf"^{engine} cannot be used \(no server answers\): "):
            asyncio.run(named("JetStream", work))
