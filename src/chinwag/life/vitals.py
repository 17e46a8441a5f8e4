"""What `chinwag status` is told: counts of now, and how many events were placed lately."""

import asyncio
import os
import shutil
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

import chinwag
from chinwag.adapters.embedded.data_directory import FORMAT
from chinwag.adapters.embedded.engine import Engine
from chinwag.flow.clock import system_clock
from chinwag.life.folder import size_of
from chinwag.roles.observe import Readiness
from chinwag.wire.control import Status

SAMPLE_SECONDS: Final = 5.0
SAMPLES: Final = 13
"""One minute and the moment before it."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a server can count at once; the words are those of `Status`."""

    sessions: int
    polling_devices: int
    answers_waiting: int
    placed: int
    refused: int
    repeated: int
    failed_commits: int
    poison: int


class Address(msgspec.Struct, frozen=True):
    """Where a server listens."""

    url: str
    observe_url: str


class Vitals:
    """Samples one counter every five seconds, from `start` to `stop`, and puts a status together when asked."""

    def __init__(
        self,
        engine: Engine,
        data: Path,
        roles: tuple[str, ...],
        max_connections: int,
        counts: Callable[[], Counts],
        address: Callable[[], Address],
        readiness: Callable[[], Awaitable[Readiness]],
    ) -> None:
        self._engine = engine
        self._data = data
        self._roles = roles
        self._max_connections = max_connections
        self._counts = counts
        self._address = address
        self._readiness = readiness
        self._started_at = 0
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to sample."""
        self._started_at = system_clock()
        self._sample()

    def stop(self) -> None:
        """Stop sampling."""
        if self._next is not None:
            self._next.cancel()

    async def status(self) -> Status:
        """The status now. Looks at every file of the data folder, in a thread."""
        readiness = await self._readiness()
        stores, free = await asyncio.to_thread(_disk, self._data)
        counts, address, epochs = self._counts(), self._address(), self._engine.epochs
        since, placed = self._samples[0] if self._samples else (time.monotonic(), counts.placed)
        seconds = time.monotonic() - since
        return Status(
            version=chinwag.__version__,
            pid=os.getpid(),
            started_at=self._started_at,
            now=system_clock(),
            url=address.url,
            observe_url=address.observe_url,
            roles=self._roles,
            ready=readiness.ready,
            failing=tuple(check.name for check in readiness.checks if not check.passed),
            data_format=FORMAT,
            inbox_epoch=epochs.inbox,
            log_epoch=epochs.log,
            max_connections=self._max_connections,
            placed_per_second=(counts.placed - placed) / seconds if seconds > 0 else 0.0,
            lately_seconds=seconds,
            stores_bytes=stores,
            free_bytes=free,
            sessions=counts.sessions,
            polling_devices=counts.polling_devices,
            answers_waiting=counts.answers_waiting,
            placed=counts.placed,
            refused=counts.refused,
            repeated=counts.repeated,
            failed_commits=counts.failed_commits,
            poison=counts.poison,
        )

    def _sample(self) -> None:
        self._samples.append((time.monotonic(), self._counts().placed))
        self._next = asyncio.get_running_loop().call_later(SAMPLE_SECONDS, self._sample)


def _disk(data: Path) -> tuple[int, int]:
    return size_of(data), shutil.disk_usage(data).free
