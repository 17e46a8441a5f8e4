"""The embedded adapters under the contract suites, with a disk that can be told to fail, and to wait."""

import threading
from pathlib import Path
from typing import ClassVar, Literal

from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.ports.bus import Bus
from chinwag.ports.inbox import Inbox
from chinwag.ports.log import Log
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.questions import Questions
from chinwag.ports.registry import Registry


class EmbeddedFault:
    """Wraps the one place where the embedded stores write."""

    def __init__(self) -> None:
        self.fail: Literal["", "before", "after"] = ""
        self.writes = 0
        self._passing = threading.Event()
        self._passing.set()

    def hold(self) -> None:
        self._passing.clear()

    def go(self) -> None:
        self._passing.set()

    def write(self, db: Rdict, rows: WriteBatch) -> None:
        self._passing.wait(30)
        self.writes += 1
        if self.fail == "before":
            raise OSError(28, "No space left on device")
        write_synced(db, rows)
        if self.fail == "after":
            raise OSError(5, "Input/output error")


class EmbeddedHarness:
    """All ports on one data directory."""

    shares_writes: ClassVar[bool] = True
    turns_clock: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = EmbeddedFault()
        self.now = 1_800_000_000_000
        self.open: Embedded

    async def start(self) -> None:
        self.open = await open_embedded(self.path, write=self.fault.write, clock=lambda: self.now)

    async def stop(self) -> None:
        await self.open.close()

    async def remove(self) -> None:
        """Its folder is the test's."""

    async def settled(self) -> None:
        """Postings are readable with the write that makes them."""

    @property
    def store(self) -> MessageStore:
        return self.open.message_store

    @property
    def inbox(self) -> Inbox:
        return self.open.inbox

    @property
    def marks(self) -> MarkStore:
        return self.open.mark_store

    @property
    def log(self) -> Log:
        return self.open.log

    @property
    def bus(self) -> Bus:
        return self.open.bus

    @property
    def registry(self) -> Registry:
        return self.open.registry

    @property
    def questions(self) -> Questions:
        return self.open.questions
