"""The delivery role: the partitions' workers, what the directory has left to do, and the inboxes' housekeeping."""

import asyncio
import secrets
from typing import Final

import structlog

from chinwag.domain.refusal import Refused
from chinwag.flow.announcements import announcements
from chinwag.flow.clock import Clock
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
DAY_MS: Final = 86_400_000

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
        self._beside = [
            asyncio.create_task(relay(self._directory, self._inbox), name="relay"),
            asyncio.create_task(self._refusals().run(), name="refusals"),
            asyncio.create_task(announcements(self._directory, self._inbox, self._bus), name="announcements"),
            asyncio.create_task(Listing(self._directory, self._inbox, self._store).run(), name="listing"),
            asyncio.create_task(settle(self._directory, self._store, self._clock), name="settle-links"),
            asyncio.create_task(self._trim(), name="trim"),
        ]
        if self._erasing is not None:
            self._beside.append(asyncio.create_task(self._erase(self._erasing).run(), name="erase"))

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
