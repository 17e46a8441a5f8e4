"""What a device keeps: its outbox, its cursor, its read marks on the way. One small SQLite file, or memory.

Writes happen on the event loop's thread: a send costs one sync of the disk, a cursor one a second at most.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from chinwag.client.errors import StoreInUse
from chinwag.lasting import new_file
from chinwag.wire.codec import Cursor, parse_cursor
from chinwag.wire.values import ClientId, ConversationId, DeviceId

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY, conversation TEXT NOT NULL, id TEXT NOT NULL UNIQUE, frame BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS reads (conversation TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS device (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
PRAGMA user_version = 1;
"""


class Row(msgspec.Struct, frozen=True):
    """One send that is not answered yet; `frame` is its JSON without `after`."""

    sequence: int
    conversation: ConversationId
    id: ClientId
    frame: bytes


class DeviceStore:
    """Durable when a method that says so returns (SQLite, WAL, synchronous FULL); the rest soon after.

    Held by one process at a time. Raises `StoreInUse` when another has it.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            # Made here rather than by SQLite, for its mode: the outbox holds people's words.
            with contextlib.suppress(FileExistsError):
                new_file(path).close()
        # An absolute path: one that begins with `file:` is a URI to many an SQLite.
        self._database = sqlite3.connect(path.absolute() if path else ":memory:", isolation_level=None, timeout=0.0)
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._database.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreInUse(f"another process has {path} open") from None
            raise

    def claim(self, device: DeviceId) -> None:
        """Keep what belongs to `device`, and nothing of another: its sends may be placed already, under its id."""
        row = self._database.execute("SELECT value FROM device WHERE name = 'id'").fetchone()
        if row is None or row[0] != device:
            self._soon()
            for table in ("outbox", "reads", "device"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            self._database.execute("INSERT INTO device VALUES ('id', ?)", (device,))
            self.flush()

    def add(self, conversation: ConversationId, client_id: ClientId, frame: bytes) -> int:
        """Keep a send; durable on return. Its place among the sends is returned.

        Raises ValueError if one with that id waits already.
        """
        try:
            cursor = self._database.execute(
                "INSERT INTO outbox (conversation, id, frame) VALUES (?, ?, ?)", (conversation, client_id, frame)
            )
        except sqlite3.IntegrityError:
            raise ValueError(f"a send with the id {client_id} waits already") from None
        self.flush()
        return cursor.lastrowid or 0

    def remove(self, sequence: int) -> None:
        """The send is answered. Soon durable: one that comes back after a crash is answered the same way."""
        self._soon()
        self._database.execute("DELETE FROM outbox WHERE sequence = ?", (sequence,))

    def waiting(self) -> list[Row]:
        """All sends kept, in the order in which they were added."""
        rows = self._database.execute("SELECT sequence, conversation, id, frame FROM outbox ORDER BY sequence")
        return [Row(*row) for row in rows]

    def save_read(self, conversation: ConversationId, number: int) -> None:
        """A read mark that the server has not confirmed. Soon durable."""
        self._soon()
        self._database.execute("REPLACE INTO reads VALUES (?, ?)", (conversation, number))

    def remove_read(self, conversation: ConversationId) -> None:
        """The mark is confirmed. Soon durable."""
        self._soon()
        self._database.execute("DELETE FROM reads WHERE conversation = ?", (conversation,))

    def reads(self) -> dict[ConversationId, int]:
        """Read marks that are not confirmed."""
        return dict(self._database.execute("SELECT conversation, number FROM reads").fetchall())

    def save_cursor(self, cursor: Cursor) -> None:
        """The device's place in its inbox; durable on return, with all that was soon to be."""
        self._database.execute("REPLACE INTO device VALUES ('cursor', ?)", (str(cursor),))
        self.flush()

    def cursor(self) -> Cursor | None:
        """The place that was saved last."""
        row = self._database.execute("SELECT value FROM device WHERE name = 'cursor'").fetchone()
        return None if row is None else parse_cursor(row[0])

    def flush(self) -> None:
        """Make everything durable now."""
        if self._database.in_transaction:
            self._database.execute("COMMIT")

    def close(self) -> None:
        """Flush, and let go of the file."""
        with contextlib.suppress(sqlite3.ProgrammingError):
            self.flush()
        self._database.close()

    def _soon(self) -> None:
        if not self._database.in_transaction:
            self._database.execute("BEGIN")
