"""The delivery role: the partitions' workers, what the directory has left to do, and the inboxes' housekeeping."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog

from chinwag.domain.refusal import Refused
from chinwag.flow.announcements import announcements
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.flow.deliver import Deliver
from chinwag.flow.erase import Erase, ErasePorts
from chinwag.flow.groups.join_by_link import settle
from chinwag.flow.groups.listing import Listing
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.refusals import Refusals
from chinwag.flow.relay import relay
from chinwag.ports.bus import Bus, NodeId
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.log import Log
from chinwag.ports.message_store import MessageStore

TRIM_SECONDS: Final = 600.0
"""From one look for old inbox entries to the next."""
TRIM_ENTRIES: Final = 5_000
"""Entries that go at a time; between two such steps others have their turn."""
AGAIN_SECONDS: Final = 1.0
"""Until work that ended by a mistake begins again."""

_log = structlog.get_logger(__name__)


class Delivery:
    """Runs until the log is closed."""

    def __init__(
        self,
        log: Log,
        store: MessageStore,
        inbox: Inbox,
        bus: Bus,
        directory: Directory,
        clock: Clock,
        inbox_kept_days: int,
        erasing: ErasePorts | None = None,
        erasure_days: int = 7,
    ) -> None:
        """erasing: None where no account is erased, as somebody else does it."""
        self.workers = [Deliver(partition, log, store, bus) for partition in range(log.partitions)]
        self._log = log
        self._store = store
        self._inbox = inbox
        self._bus = bus
        self._directory = directory
        self._clock = clock
        self._erasing = erasing
        self._erasure_days = erasure_days
        self._kept_ms = inbox_kept_days * DAY_MS
        self._working: list[asyncio.Task[None]] = []
        self._beside: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take commands from the log, and to do what the directory and the inboxes need besides."""
        self.start_working()
        beside: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": partial(relay, self._directory, self._inbox),
            "refusals": self._refusals().run,
            "announcements": partial(announcements, self._directory, self._inbox, self._bus),
            "listing": Listing(self._directory, self._inbox, self._store).run,
            "settle-links": partial(settle, self._directory, self._store, self._clock),
            "trim": self._trim,
        }
        if self._erasing is not None:
            beside["erase"] = self._erase(self._erasing).run
        self._beside = [asyncio.create_task(for_ever(name, work), name=name) for name, work in beside.items()]

    def start_working(self) -> None:
        """Begin to take commands from the log, and no more than that."""
        self._working = [asyncio.create_task(worker.run(), name="deliver") for worker in self.workers]

    def _refusals(self) -> Refusals:
        node = NodeId(f"refusals-{secrets.token_hex(8)}")
        return Refusals(self._directory, self._store, self._log, self._bus, self._clock, node)

    def _erase(self, ports: ErasePorts) -> Erase:
        own = OwnCommands(self._log, self._bus, NodeId(f"erase-{secrets.token_hex(8)}"))
        return Erase(ports, own, self._bus, self._clock, self._erasure_days)

    async def check(self) -> None:
        """For readiness: raise if a worker has ended."""
        for task in self._working:
            if task.done():
                raise RuntimeError("a delivery worker has ended")

    async def stop(self, grace: float) -> None:
        """Close the log, let the workers finish what they hold (at most `grace` seconds), end the rest."""
        await self._log.close()
        for task in self._beside:
            task.cancel()
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=grace)
            for task in late:
                task.cancel()
        await asyncio.gather(*self._working, *self._beside, return_exceptions=True)

    async def _trim(self) -> None:
        while True:
            try:
                while await self._inbox.trim(self._clock() - self._kept_ms, TRIM_ENTRIES) >= TRIM_ENTRIES:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            except Refused as refused:
                _log.warning("old inbox entries stay for now", code=refused.code, detail=refused.detail)
            except Exception:
                _log.exception("old inbox entries stay for now")
            await asyncio.sleep(TRIM_SECONDS)


async def for_ever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` until cancelled; when a mistake ends it, log that and begin again (P12)."""
    while True:
        try:
            await work()
        except Exception:
            _log.exception("work begins again", work=name)
        await asyncio.sleep(AGAIN_SECONDS)
