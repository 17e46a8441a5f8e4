"""What an operator's command asks of several engines at once: whichever refuses is named."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chinwag.adapters.nats.stream_epochs import Applied, Counter
from chinwag.assembly.cluster.opened import ABOUT, EngineAwayError
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Refused

T = TypeVar("T")


async def named(engine: str, work: Awaitable[T]) -> T:
    """What comes of `work`. Raises `EngineAwayError` with the engine's name where it is refused."""
    try:
        return await work
    except Refused as refused:
        raise EngineAwayError(f"{engine} cannot be used ({refused.detail}): {ABOUT}") from refused


def named_applied(engine: str, applied: Applied) -> Applied:
    """The same, of what `engine` refuses."""

    async def asked(partition: int) -> Position:
        return await named(engine, applied(partition))

    return asked


class NamedCounter:
    """A `Counter` that names its engine."""

    def __init__(self, engine: str, counter: Counter) -> None:
        self._engine = engine
        self._counter = counter

    async def current(self, partition: int, changed: Callable[[], None] | None = None) -> int:
        """As of a `Counter`. Raises `EngineAwayError`."""
        return await named(self._engine, self._counter.current(partition, changed))

    async def begin(self, partition: int, after: int, floor: int = 0) -> int:
        """As of a `Counter`. Raises `EngineAwayError`."""
        return await named(self._engine, self._counter.begin(partition, after, floor))
