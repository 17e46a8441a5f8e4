"""What a device keeps: its outbox, its cursor, its read marks on the way. One small SQLite file, or memory.

Writes happen on the event loop's thread: a send costs one sync of the disk, a cursor one a second at most.
"""

import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from chinwag.client.errors import StoreDamaged, StoreInUse
from chinwag.lasting import new_file
from chinwag.wire.codec import Cursor, parse_cursor
from chinwag.wire.values import ClientId, ConversationId, DeviceId

VERSION: Final = 2
LEFT_MOST: Final = 10_000
"""Sends of devices before this one that are kept until somebody has looked at them; the oldest go first."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY, conversation TEXT NOT NULL, id TEXT NOT NULL, frame BLOB NOT NULL,
    UNIQUE (conversation, id)
) STRICT;
CREATE TABLE IF NOT EXISTS left_over (
    sequence INTEGER PRIMARY KEY, conversation TEXT NOT NULL, id TEXT NOT NULL, frame BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS reads (conversation TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS device (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
# In version 1 an id was unique in the whole outbox.
_FROM_1: Final = "ALTER TABLE outbox RENAME TO outbox_1"
_INTO_2: Final = """
INSERT INTO outbox (sequence, conversation, id, frame) SELECT sequence, conversation, id, frame FROM outbox_1;
DROP TABLE outbox_1;
"""

_log = logging.getLogger(__name__)


class KeptSend(msgspec.Struct, frozen=True):
    """One send that is not answered yet; `frame` is its JSON without `after`."""

    sequence: int
    conversation: ConversationId
    id: ClientId
    frame: bytes


class DeviceStore:
    """Durable when a method that says so returns (SQLite, WAL, synchronous FULL); the rest soon after.

    Held by one process at a time. Raises `StoreInUse` when another has it, `StoreDamaged` when it cannot be read.
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
            # What was answered is the server's, and gone when it is deleted there.
            self._database.execute("PRAGMA secure_delete = ON")
            self._make_tables()
        except sqlite3.DatabaseError as error:
            self._database.close()
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                raise StoreInUse(f"another process has {path} open") from None
            raise StoreDamaged(f"{path} cannot be read ({error})") from None

    def claim(self, device: DeviceId) -> None:
        """Be the store of `device`. Nothing of another device is sent, as its sends may be placed already, under its
        id; they are kept as `left_over` until `forget_left_over`."""
        row = self._database.execute("SELECT value FROM device WHERE name = 'id'").fetchone()
        if row is not None and row[0] == device:
            return
        self._soon()
        moved = self._database.execute(
            "INSERT INTO left_over (conversation, id, frame) "
            "SELECT conversation, id, frame FROM outbox ORDER BY sequence"
        ).rowcount
        self._database.execute(
            "DELETE FROM left_over WHERE sequence <= (SELECT max(sequence) FROM left_over) - ?", (LEFT_MOST,)
        )
        for table in ("outbox", "reads", "device"):
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self._database.execute("INSERT INTO device VALUES ('id', ?)", (device,))
        self.flush()
        if moved:
            _log.warning("%d sends of the device before this one have no answer, and are not sent again", moved)

    def left_over(self) -> list[KeptSend]:
        """Sends of devices before this one that had no answer: placed or not, nobody knows. The oldest first."""
        rows = self._database.execute("SELECT sequence, conversation, id, frame FROM left_over ORDER BY sequence")
        return [KeptSend(*row) for row in rows]

    def forget_left_over(self) -> None:
        """Somebody has looked at them; durable on return."""
        self._soon()
        self._database.execute("DELETE FROM left_over")
        self.flush()

    def add(self, conversation: ConversationId, client_id: ClientId, frame: bytes) -> int:
        """Keep a send; durable on return. Its place among the sends is returned.

        Raises ValueError if one with that id waits already in that conversation.
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

    def waiting(self) -> list[KeptSend]:
        """All sends kept, in the order in which they were added."""
        rows = self._database.execute("SELECT sequence, conversation, id, frame FROM outbox ORDER BY sequence")
        return [KeptSend(*row) for row in rows]

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

    def _make_tables(self) -> None:
        (found,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise sqlite3.DatabaseError(f"a newer version of Chinwag wrote it: format {version}, not {VERSION}")
        from_1, into_2 = (f"{_FROM_1};", _INTO_2) if version == 1 else ("", "")
        script = f"BEGIN; {from_1} {_SCHEMA} {into_2} PRAGMA user_version = {VERSION}; COMMIT;"
        self._database.executescript(script)

    def _soon(self) -> None:
        if not self._database.in_transaction:
            self._database.execute("BEGIN")
