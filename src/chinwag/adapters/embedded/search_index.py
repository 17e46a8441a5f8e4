"""The SearchIndex in an SQLite file of its own, with full text search (FTS5): one thread writes, two read.

A message is one line of terms, each with a letter before it for what it is, so that no word can pose as a conversation.
The line is kept beside the index: when a message changes, what it said before must be known to be taken out, and then
it stands nowhere else. The number of a line is made of the message's time, so FTS5 gives the newest first unsorted.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

import structlog

from chinwag.adapters.embedded import search_lines as lines
from chinwag.adapters.relational.database_file import connected, create_file
from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.spare_time import Stints
from chinwag.ports.search_index import Findable, Gone, Place, SearchIndex, Wanted

FORMAT: Final = 1
"""Of the tables, and of the terms in them. A file of another one is made anew: the index is a copy."""
READERS: Final = 2
NAMED: Final = 4_000
"""Somebody with more conversations than this is searched for in all, and the others' are left out one by one."""
FEW: Final = 100
"""Of somebody with more, messages are first looked for in all conversations, the others' left out one by one…"""
TRIED: Final = 2_000
"""…up to so many."""
CLOSING_SECONDS: Final = 5.0
MERGED: Final = 200
"""Pages of the index that one step of taking out what was deleted merges: others write between two steps."""

_TABLES: Final = (
    "CREATE TABLE about (one INTEGER PRIMARY KEY CHECK (one = 1), progress BLOB NOT NULL, removed INTEGER NOT NULL)",
    "INSERT INTO about VALUES (1, x'', 0)",
    "CREATE TABLE conversations (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, number INTEGER NOT NULL)",
    "CREATE UNIQUE INDEX by_name ON messages (conversation, number)",
    "CREATE VIRTUAL TABLE lines USING fts5(line, tokenize = 'ascii', columnsize = 0, prefix = '2 3')",
    f"PRAGMA user_version = {FORMAT}",
)
_DROP: Final = tuple(f"DROP TABLE IF EXISTS {table}" for table in ("lines", "messages", "conversations", "about"))

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class EmbeddedSearchIndex(SearchIndex):
    """The index in the file `path`. A power cut may take the last writes, and their progress with them."""

    @classmethod
    async def open(cls, path: Path) -> "EmbeddedSearchIndex":
        """Open the file, made if it is not there, and made anew if it cannot be used. Raises `OSError`."""
        return cls(path, await asyncio.to_thread(_opened, path))

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._writer = ThreadPoolExecutor(1, "chinwag-search")
        self._readers: asyncio.Queue[_Reader] = asyncio.Queue()
        self._all = [_Reader(path) for _ in range(READERS)]
        for reader in self._all:
            self._readers.put_nowait(reader)
        self._closed = False

    async def progress(self) -> bytes:
        return await self._write(_progress)

    async def write(self, rows: Sequence[Findable | Gone], progress: bytes, after: bytes) -> bool:
        return await self._write(lambda connection: _put(connection, rows, progress, after, Stints()))

    async def clear(self, progress: bytes) -> None:
        await self._write(lambda connection: _clear(connection, progress))

    async def rows(self) -> int:
        return await self._write(lambda connection: _one(connection, "SELECT count(*) FROM messages"))

    async def find(self, wanted: Wanted, limit: int) -> list[Place]:
        reader = await self._readers.get()
        if self._closed:
            self._readers.put_nowait(reader)
            raise _away()
        stopped = threading.Event()
        finding = asyncio.get_running_loop().run_in_executor(reader.thread, reader.find, wanted, limit, stopped)
        finding.add_done_callback(lambda done: self._given_back(reader, done))
        try:
            return await asyncio.shield(finding)
        except asyncio.CancelledError:
            stopped.set()
            with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed meanwhile
                reader.connection.interrupt()
            raise

    async def scrub(self) -> None:
        removed = await self._write(lambda connection: _one(connection, "SELECT removed FROM about"))
        if not removed:
            return
        more = await self._write(lambda connection: _merged(connection, -MERGED))
        while more:
            more = await self._write(lambda connection: _merged(connection, MERGED))
        await self._write(_written_anew)
        # What was removed meanwhile waits for the next time.
        done = "UPDATE about SET removed = 0 WHERE removed = ?"
        await self._write(lambda connection: connection.execute(done, (removed,)))
        _log.info("the files of the search index are written anew", removed=removed)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        closing = [_closed(reader.thread, reader.connection) for reader in self._all]
        late = (await asyncio.wait(closing, timeout=CLOSING_SECONDS))[1]
        # The last one, which may write, puts the journal into the file.
        late |= (await asyncio.wait([_closed(self._writer, self._connection)], timeout=CLOSING_SECONDS))[1]
        if late:
            _log.error("the search index does not close in time", seconds=CLOSING_SECONDS)

    def _given_back(self, reader: "_Reader", done: "asyncio.Future[list[Place]]") -> None:
        if not done.cancelled():
            done.exception()  # whoever asked may have gone
        self._readers.put_nowait(reader)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise _away()

        def step() -> T:
            with _refusing(self._path), _transaction(self._connection, work is not _written_anew):
                return work(self._connection)

        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._writer, step))


def _closed(thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> "asyncio.Future[None]":
    """Done when the connection is closed, after what its thread does now."""

    def close() -> None:
        connection.execute("SELECT 1").fetchone()  # ends the interruption, which would keep the journal
        connection.close()

    connection.interrupt()
    closing = asyncio.get_running_loop().run_in_executor(thread, close)
    thread.shutdown(wait=False)
    return closing


class _Reader:
    """A thread with a connection that reads."""

    def __init__(self, path: Path) -> None:
        self.thread: Final = ThreadPoolExecutor(1, "chinwag-search-read")
        self.connection: Final = _connection(path, "ro")
        self._path = path

    def find(self, wanted: Wanted, limit: int, stopped: threading.Event) -> list[Place]:
        """As the port says. Blocks, until `stopped` is set and the connection interrupted."""
        with _refusing(self._path), _transaction(self.connection, True):
            return self._found(wanted, limit, stopped)

    def _found(self, wanted: Wanted, limit: int, stopped: threading.Event) -> list[Place]:
        known = dict(self._known(wanted.conversations))
        if not known:
            return []
        first = 0 if wanted.since is None else lines.first_of(wanted.since)
        last = lines.LAST if wanted.until is None else lines.first_of(wanted.until) - 1
        if wanted.before is not None:
            last = min(last, lines.last_of(wanted.before.sent_at))
        found: list[Place] = []
        tried = 0
        if len(known) > FEW:
            # To name many takes FTS5 longer than to look at some of others: what is rare, or mostly theirs, needs none.
            for line, together in self._lines(lines.expression(wanted, ()), first, last, stopped):
                tried += len(together)
                found += self._places(together, known, wanted)
                last = lines.first_of(lines.time_of(line)) - 1
                if len(found) >= limit or tried >= TRIED:
                    break
            else:
                return found
        if len(found) < limit:
            for _, together in self._lines(
                lines.expression(wanted, known if len(known) <= NAMED else ()), first, last, stopped
            ):
                found += self._places(together, known, wanted)
                if len(found) >= limit:
                    break
        return found[:limit]

    def _lines(self, match: str, first: int, last: int, stopped: threading.Event) -> Iterator[tuple[int, list[int]]]:
        """Lines that match (an empty expression: all) from `last` down to `first`, those of one millisecond together:
        they have the order of their coming."""
        if match:
            found = self.connection.execute(
                "SELECT rowid FROM lines WHERE lines MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC",
                (match, first, last),
            )
        else:
            found = self.connection.execute(
                "SELECT id FROM messages WHERE id BETWEEN ? AND ? ORDER BY id DESC", (first, last)
            )
        for _, together in groupby(found, lambda row: lines.time_of(row[0])):
            if stopped.is_set():
                raise _away()
            some = [line for (line,) in together]
            yield some[0], some

    def _places(self, some: Sequence[int], known: dict[int, ConversationId], wanted: Wanted) -> list[Place]:
        places = (self._place(line, known) for line in some)
        return sorted(
            (place for place in places if place is not None and (wanted.before is None or place < wanted.before)),
            reverse=True,
        )

    def _known(self, names: Sequence[ConversationId]) -> Iterator[tuple[int, ConversationId]]:
        for name in dict.fromkeys(names):
            row = self.connection.execute("SELECT id FROM conversations WHERE name = ?", (name,)).fetchone()
            if row is not None:
                yield row[0], name

    def _place(self, line: int, known: dict[int, ConversationId]) -> Place | None:
        conversation, number = self.connection.execute(
            "SELECT conversation, number FROM messages WHERE id = ?", (line,)
        ).fetchone()
        name = known.get(conversation)
        return None if name is None else Place(lines.time_of(line), name, number)


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that writes, to a file of this format."""
    create_file(path)
    try:
        connection = _connection(path, "rw")
        try:
            _begin(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "fts5" in str(error):
            raise
        _log.warning("the search index cannot be used, and is made anew", path=str(path), error=str(error))
        for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            name.unlink(missing_ok=True)
        create_file(path)
        connection = _connection(path, "rw")
        _begin(connection)
    return connection


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    if _one(connection, "PRAGMA user_version") != FORMAT:
        with _transaction(connection, True):
            _make(connection)
    connection.execute("SELECT rowid FROM lines LIMIT 1").fetchone()
    _progress(connection)


def _connection(path: Path, mode: str) -> sqlite3.Connection:
    connection = connected(path, "rw", check_same_thread=False)
    if mode == "ro":
        connection.execute("PRAGMA query_only = ON")
    return connection


def _make(connection: sqlite3.Connection) -> None:
    for statement in (*_DROP, *_TABLES):
        connection.execute(statement)


def _clear(connection: sqlite3.Connection, progress: bytes) -> None:
    removed = _one(connection, "SELECT removed FROM about")
    _make(connection)
    connection.execute("UPDATE about SET progress = ?, removed = ?", (progress, removed + 1))


def _progress(connection: sqlite3.Connection) -> bytes:
    return bytes(connection.execute("SELECT progress FROM about").fetchone()[0])


def _put(
    connection: sqlite3.Connection, rows: Sequence[Findable | Gone], progress: bytes, after: bytes, stints: Stints
) -> bool:
    if _progress(connection) != after:
        return False
    conversations: dict[ConversationId, int] = {}
    for row in rows:
        name, number = (
            (row.conversation, row.number) if isinstance(row, Gone) else (row.place.conversation, row.place.number)
        )
        if name not in conversations:
            connection.execute("INSERT OR IGNORE INTO conversations (name) VALUES (?)", (name,))
            conversations[name] = _one(connection, "SELECT id FROM conversations WHERE name = ?", name)
        conversation = conversations[name]
        _remove(connection, conversation, number)
        if isinstance(row, Findable):
            _add(connection, row, conversation)
        stints.breathe()
    connection.execute("UPDATE about SET progress = ?", (progress,))
    return True


def _remove(connection: sqlite3.Connection, conversation: int, number: int) -> None:
    found = connection.execute(
        "DELETE FROM messages WHERE conversation = ? AND number = ? RETURNING id", (conversation, number)
    ).fetchall()
    for (line,) in found:
        connection.execute("DELETE FROM lines WHERE rowid = ?", (line,))
        connection.execute("UPDATE about SET removed = removed + 1")


def _add(connection: sqlite3.Connection, row: Findable, conversation: int) -> None:
    first = lines.first_of(row.place.sent_at)
    within = (first, lines.last_of(row.place.sent_at))
    highest = connection.execute("SELECT max(id) FROM messages WHERE id BETWEEN ? AND ?", within).fetchone()[0]
    line = first if highest is None else highest + 1
    connection.execute("INSERT INTO messages VALUES (?, ?, ?)", (line, conversation, row.place.number))
    connection.execute("INSERT INTO lines (rowid, line) VALUES (?, ?)", (line, lines.line(row, conversation)))


def _merged(connection: sqlite3.Connection, pages: int) -> bool:
    """Let parts of the index grow together, so that what was removed is in none of them; whether there is more to do.
    FTS5 tells it by its changes, which are then at least two."""
    before = connection.total_changes
    connection.execute("INSERT INTO lines (lines, rank) VALUES ('merge', ?)", (pages,))
    return connection.total_changes - before >= 2


def _written_anew(connection: sqlite3.Connection) -> None:
    """Write every page anew, and empty the journal, which has the pages as they were."""
    connection.execute("VACUUM")
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise Refused(Code.UNAVAILABLE, "the search index is being read: its journal stays for now", 1.0)


def _one(connection: sqlite3.Connection, statement: str, *values: object) -> int:
    return int(connection.execute(statement, values).fetchone()[0])


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, wanted: bool) -> Iterator[None]:
    """One transaction around the block, if one is wanted: some statements take none."""
    if not wanted:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            _log.warning("the search index does not do what was asked", path=str(path), error=str(error))
        raise _away() from error


def _away() -> Refused:
    return Refused(Code.UNAVAILABLE, "the search index does not answer", 1.0)
