"""The RocksDB under the embedded stores: one writer thread, and one sync for all commits that wait.

A commit puts its rows into the open group, on the event loop. The writer takes the group whole, writes it as one
batch with one sync, and says so on the loop. While it writes, the next group fills: the busier the server, the
more commits share a sync. Rows become readable only with their sync, so nobody sees what a power cut could undo.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TypeVar

import structlog
from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import written
from chinwag.adapters.embedded.data_directory import Epochs, begin, open_rocksdb
from chinwag.adapters.embedded.group import Group
from chinwag.adapters.embedded.room import must_have_room, must_take_writes
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing

GROUP_BYTES: Final = 32 << 20
"""A group that holds this much takes no more commits."""
NOTE_SECONDS: Final = 60.0
"""How often it is noted how far the store is written."""
STALLED_SECONDS: Final = 30.0
"""A write that takes longer counts as failed."""
PATIENCE: Final = 10.0
"""Seconds that closing and reopening wait for writes and reads under way."""

T = TypeVar("T")
Write = Callable[[Rdict, WriteBatch], None]
_log = structlog.get_logger(__name__)


class Engine:
    """The store of `path`, opened by this process alone.

    After a write that failed every commit is refused until `reopen`, as nobody knows how much of it is on disk;
    `failures` counts such writes. Made on the event loop that will use it.
    """

    @classmethod
    async def open(cls, path: Path, cache_bytes: int, write: Write, clock: Callable[[], int]) -> "Engine":
        """Open or make the store. clock: milliseconds since 1970.

        Raises `DataDirectoryInUseError` and `NewerDataError`.
        """
        loop = asyncio.get_running_loop()
        db = await loop.run_in_executor(None, open_rocksdb, path, cache_bytes)
        try:
            epochs = await loop.run_in_executor(None, begin, db, path, clock)
        except BaseException:
            db.close()
            raise
        return cls(path, cache_bytes, db, epochs, write, clock)

    def __init__(
        self, path: Path, cache_bytes: int, db: Rdict, epochs: Epochs, write: Write, clock: Callable[[], int]
    ) -> None:
        self.clock = clock
        self.epochs = epochs
        self.failures = 0
        self.answered = 0
        """The serial of the last group that was written or refused."""
        self.on_durable: list[Callable[[Group], None]] = []
        self.on_failed: list[Callable[[], None]] = []
        self._path = path
        self._cache_bytes = cache_bytes
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Group | None] = SimpleQueue()
        self.serial = 0
        self._open: Group | None = None
        self._failed = False
        self._closed = False
        self._reads: set[asyncio.Future[object]] = set()
        self._note_due = time.monotonic() + NOTE_SECONDS
        self._writing: tuple[float, Group] | None = None
        self._room: asyncio.Event = asyncio.Event()
        self._reopening = asyncio.Lock()
        self._db: Rdict | None = db
        self._leaving: Rdict | None = None
        self._writer = threading.Thread(target=self._run, name="chinwag-store", daemon=True)
        self._writer.start()
        self._watch = self._loop.call_later(1, self._look)

    @property
    def db(self) -> Rdict:
        """RocksDB, for reads. Raises `unavailable` while it is not open."""
        if self._db is None:
            raise Refused(Code.UNAVAILABLE, "the message store is not open", 1.0)
        return self._db

    async def room(self) -> None:
        """Wait until the open group takes more. Raises `unavailable` if the engine takes nothing at all.

        Whoever got room calls `group` in the same turn of the loop.
        """
        while True:
            if self._failed or self._closed:
                raise Refused(Code.UNAVAILABLE, "the message store takes no writes", 1.0)
            if self._open is None or self._open.rows.size_in_bytes() < GROUP_BYTES:
                return
            self._room.clear()
            await self._room.wait()

    async def ready(self) -> None:
        """`room`, for rows that follow from nothing read before: reopens after a failure."""
        if self._failed:
            await self.reopen()
        await self.room()

    async def check(self) -> None:
        """Raise `unavailable` if the engine takes no writes, or its disk has no room for them. Writes nothing."""
        if self._failed or self._closed or self._db is None:
            raise Refused(Code.UNAVAILABLE, "the message store takes no writes", 1.0)
        await asyncio.to_thread(must_have_room, self._path)

    @contextlib.contextmanager
    def group(self) -> Iterator[Group]:
        """The open group, for one commit's rows. Nothing in the block may await; an error in it fails the group."""
        with self._lock:
            group = self._open
            if group is None:
                self.serial += 1
                group = self._open = Group(self.serial)
                self._queue.put(group)
            try:
                yield group
            except BaseException:
                self._fail()
                raise

    def durable(self, group: Group) -> asyncio.Future[None]:
        """Done when `group` is on disk; fails with `unavailable`. To be called inside `with group()`."""
        waiter = self._loop.create_future()
        group.waiters.append(waiter)
        return waiter

    async def read(self, reading: Callable[[Rdict], T]) -> T:
        """Run a long read in a thread. It must not keep an iterator: one that lives on would keep RocksDB open."""
        db = self.db
        running = self._loop.run_in_executor(None, reading, db)
        self._reads.add(running)  # type: ignore[arg-type]
        running.add_done_callback(self._reads.discard)
        try:
            # A caller may be cancelled; the thread reads on, and closing must go on waiting for it.
            return await asyncio.shield(running)
        except Refused:
            raise
        except Exception as error:
            raise Refused(Code.UNAVAILABLE, "the message store cannot be read", 1.0) from error

    async def reopen(self) -> None:
        """Take commits again after a failure, from what is on disk. Does nothing if there was none.

        Raises `unavailable` if the disk takes nothing or RocksDB cannot be opened; commits are then refused as before.
        While the disk takes nothing RocksDB stays open for reads: on a full disk nothing could open it again.
        """
        async with self._reopening:
            if self._closed:
                raise Refused(Code.UNAVAILABLE, "the message store is closed")
            if not self._failed:
                return
            await self._loop.run_in_executor(None, must_take_writes, self._path)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._idle()
                    self._leaving, self._db = self._db or self._leaving, None
                    if self._reads:
                        await asyncio.wait(set(self._reads))
                await self._loop.run_in_executor(None, self._leave)
                self._db = await self._loop.run_in_executor(None, open_rocksdb, self._path, self._cache_bytes)
            except Exception as error:
                _log.exception("the store cannot be opened again")
                raise Refused(Code.UNAVAILABLE, "the message store cannot be opened", 1.0) from error
            self._forget()
            self._failed = False
            _log.warning("the store is open again", failures=self.failures)

    async def close(self) -> None:
        """Write what is queued, for at most `PATIENCE` seconds, then let go of the directory."""
        if self._closed:
            return
        self._closed = True
        self._watch.cancel()
        self._room.set()
        self._queue.put(None)
        async with self._reopening:
            await self._loop.run_in_executor(None, self._writer.join, PATIENCE)
            if self._writer.is_alive():
                _log.error("the store does not close in time", seconds=PATIENCE)
                return
            if self._reads:
                await asyncio.wait(set(self._reads), timeout=PATIENCE)
            if self._db is not None and not self._failed:
                self._note_due = 0.0
                await self._loop.run_in_executor(None, self._note)
            self._leaving, self._db = self._db or self._leaving, None
            await self._loop.run_in_executor(None, self._leave)

    def _leave(self) -> None:
        """Close RocksDB. After a write that failed its closing fails as well: only letting go of it frees the lock."""
        db, self._leaving = self._leaving, None
        if db is None:
            return
        try:
            db.close()
        except Exception as error:
            _log.warning("the store closed with an error", error=str(error))

    async def _idle(self) -> None:
        """Wait until the writer has answered every group."""
        while self.serial > self.answered:
            self._room.clear()
            await self._room.wait()

    def _run(self) -> None:
        """The writer thread."""
        while (group := self._queue.get()) is not None:
            with self._lock:
                self._open = None
                refused = self._failed
                self._writing = (time.monotonic(), group)
            error: Exception | None = None
            if not refused:
                try:
                    passing("store.writing")
                    self._write(self.db, group.rows)
                    passing("store.synced")
                except Exception as caught:
                    error = caught
                    with self._lock:
                        self._fail()
            self._writing = None
            if error is None and not refused:
                self._note()
            tell = self._settle if error is None and not refused else self._refuse
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(tell, group, error)

    def _note(self) -> None:
        """Now and then, note how far all is on disk. Without the note nothing is lost but the notice of a loss."""
        now = time.monotonic()
        if now < self._note_due:
            return
        self._note_due = now + NOTE_SECONDS
        try:
            written.keep(self._path, self.db)
        except (OSError, Refused) as error:
            _log.warning("how far the store is written is not noted", error=str(error))

    def _settle(self, group: Group, _: Exception | None) -> None:
        self.answered = group.serial
        self._room.set()
        group.answer(None)
        # After the committers, who can hand over the next group while this one is told.
        for told in self.on_durable:
            self._loop.call_soon(told, group)

    def _look(self) -> None:
        """Once a second: a disk that does not answer is a disk that failed."""
        self._watch = self._loop.call_later(1, self._look)
        writing = self._writing
        if writing is None or self._failed or time.monotonic() - writing[0] < STALLED_SECONDS:
            return
        _log.error("a write of the store has stalled", seconds=STALLED_SECONDS)
        with self._lock:
            self._fail()
            groups = [writing[1]] + ([self._open] if self._open is not None else [])
        self._room.set()
        for group in groups:
            group.answer(Refused(Code.UNAVAILABLE, "the disk does not answer", 1.0))

    def _refuse(self, group: Group, error: Exception | None) -> None:
        if error is not None:
            _log.error("a write of the store failed", error=str(error), commits=len(group.waiters))
        self.answered = group.serial
        self._forget()
        self._room.set()
        group.answer(Refused(Code.UNAVAILABLE, "the message store could not write", 1.0))

    def _fail(self) -> None:
        """Refuse all that is not written yet. Under the lock."""
        if not self._failed:
            self._failed = True
            self.failures += 1

    def _forget(self) -> None:
        for told in self.on_failed:
            told()
