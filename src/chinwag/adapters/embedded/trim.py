"""Forgets the oldest entries of inboxes, a few accounts at a time."""

from typing import Final

import msgspec
from rocksdict import Rdict

from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.engine import Engine

ACCOUNTS: Final = 500
"""How many inboxes one look at the store covers."""
CHUNKS: Final = 2000
"""How many rows one write removes at most."""


class _Find(msgspec.Struct):
    """What is due: floors to write, rows to remove, how many entries that are, where to look on (None: at the end)."""

    floors: list[tuple[bytes, int]]
    chunks: list[bytes]
    gone: int
    on: bytes | None


class Trimmer:
    """Goes around all inboxes and remembers where it stopped. One call at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._at = keys.INBOXES

    async def trim(self, before_ms: int, limit: int) -> int:
        """As `Inbox.trim`."""
        began, gone, wrapped = self._at, 0, False
        while gone < limit:
            at, left = self._at, limit - gone
            found = await self._engine.read(lambda db, at=at, left=left: _find(db, at, before_ms, left))  # type: ignore[misc]
            await self._forget(found)
            gone += found.gone
            if found.on is not None:
                self._at = found.on
            elif wrapped:
                self._at = keys.INBOXES
                break
            else:
                self._at, wrapped = keys.INBOXES, True
            if wrapped and self._at >= began:
                break
        return gone

    async def _forget(self, found: _Find) -> None:
        if not found.floors:
            return
        await self._engine.ready()
        with self._engine.group() as group:
            # Floor and rows go together: an inbox never looks as if it had a hole.
            for key, floor in found.floors:
                group.put(key, values.sealed(floor))
            for key in found.chunks:
                group.delete(key)
            durable = self._engine.durable(group)
        await durable


def _find(db: Rdict, at: bytes, before_ms: int, limit: int) -> _Find:
    found = _Find([], [], 0, at)
    rows = db.iter()
    for _ in range(ACCOUNTS):
        rows.seek(found.on or keys.INBOXES)
        if not rows.valid() or not rows.key().startswith(keys.INBOXES):
            found.on = None
            break
        key: bytes = rows.key()
        prefix = key[: -keys.NUMBER_BYTES]
        floor = before = 0
        if key == prefix + keys.number(0):
            floor = before = values.integer(rows.value())
            rows.next()
        while rows.valid() and found.gone < limit and len(found.chunks) < CHUNKS:
            key = rows.key()
            stored: bytes = rows.value()
            if not key.startswith(prefix) or values.posted_at(stored) >= before_ms:
                break
            last = int.from_bytes(key[-keys.NUMBER_BYTES :])
            taken = min(last - floor, limit - found.gone)
            floor += taken
            found.gone += taken
            if floor == last:
                found.chunks.append(key)
            rows.next()
        if floor > before:
            found.floors.append((prefix + keys.number(0), floor))
        if found.gone >= limit or len(found.chunks) >= CHUNKS:
            found.on = prefix
            break
        # Beyond this account's last possible row.
        found.on = prefix + b"\xff" * keys.NUMBER_BYTES + b"\0"
    return found
