"""Takes away what nobody needs any more: uploads that no message shows, pictures that never arrived, then their blobs.

An upload that is ready waits `KEPT_MS` after it was claimed last, as the message that is to show it may be on its way.
It goes if nothing refers to it, and references were whole at a moment after that time: whatever was placed up to then
had been read. Only then is it certain that nothing will refer to it unless somebody claims it again.

A blob goes when no row names it, and it was not claimed for as long. First it is marked dying, in a transaction that
sees both; then it is deleted; then its row is forgotten. So a crash anywhere between leaves a row from which the next
step goes on, and whoever claims it meanwhile is told to put it anew. Of several collectors one deletes: it takes the
row for longer than a deletion may last.
"""

import asyncio
from typing import Final

import structlog

from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.clock import HOUR_MS, Clock
from chinwag.ports.directory import Avatar, Directory, Upload
from chinwag.ports.media_store import MediaStore

KEPT_MS: Final = 48 * HOUR_MS
"""How long after its last claim what nobody needs stays."""
POLL_SECONDS: Final = 60.0
BATCH: Final = 100
"""Uploads, pictures or blobs that are looked at together."""
HELD_MS: Final = 60_000
"""For how long whoever deletes blobs has them to itself; in half of that time it is through, or gives up."""
_SHORT: Final = 12
"""Digits of a hash in the log."""

_log = structlog.get_logger(__name__)


class Collect:
    """Collects, one step after another. Of several each may."""

    def __init__(self, directory: Directory, store: MediaStore, clock: Clock) -> None:
        self._directory = directory
        self._store = store
        self._clock = clock
        self.blobs = 0
        """Blobs deleted."""
        self.bytes = 0
        """Their bytes."""

    async def step(self) -> bool:
        """A bounded piece; whether there is more to do. Raises `Refused`: what is done stays done."""
        now = self._clock()
        forgotten = await self._forget_uploads(now) + await self._forget_strays(now)
        doomed = await self._doom(now)
        deleted = await self._delete()
        return max(forgotten, doomed, deleted) >= BATCH

    async def _forget_uploads(self, now: int) -> int:
        """Forget uploads that no message shows."""
        async with self._directory.reading() as directory:
            found = await directory.uploads.unsent(now, BATCH)
        if not found:
            return 0
        async with self._directory.transaction() as transaction:
            reading = await transaction.media_references.reading()
            whole = 0 if reading is None or reading.reached.walk is not None else reading.at_head
            shown = await transaction.media_references.referred([one.id for one in found])
            gone: list[Upload] = []
            kept = 0
            for one in found:
                known = await transaction.uploads.get(one.id)
                if known is None or known.expires_at != one.expires_at:
                    continue  # claimed meanwhile
                if one.id in shown:
                    await transaction.uploads.keep(one.id, now + KEPT_MS)
                    kept += 1
                elif one.expires_at < whole:
                    await transaction.uploads.remove(one.id)
                    gone.append(one)
        if gone:
            passing("collect.forgotten")
            _log.info("uploads that no message shows are forgotten", uploads=len(gone))
        return len(gone) + kept

    async def _forget_strays(self, now: int) -> int:
        """Forget pictures that were made for groups and never got there."""
        async with self._directory.transaction() as transaction:
            reading = await transaction.media_references.reading()
            whole = 0 if reading is None or reading.reached.walk is not None else reading.at_head
            found: list[Avatar] = await transaction.avatars.stray(min(now, whole) - KEPT_MS, BATCH)
            for one in found:
                await transaction.avatars.remove(one.id)
        return len(found)

    async def _doom(self, now: int) -> int:
        """Mark blobs that nobody needs."""
        async with self._directory.reading() as directory:
            if not await directory.media_references.unneeded(now - KEPT_MS, 1):
                return 0
        async with self._directory.transaction() as transaction:
            found = await transaction.media_references.unneeded(now - KEPT_MS, BATCH)
            for one in found:
                await transaction.blobs.doom(one)
        if found:
            passing("collect.doomed")
        return len(found)

    async def _delete(self) -> int:
        """Delete what is marked. One that cannot be deleted keeps none of the others."""
        loop, now = asyncio.get_running_loop(), self._clock()
        until = loop.time() + HELD_MS / 2_000
        async with self._directory.reading() as directory:
            if not await directory.blobs.dying(1):
                return 0
        async with self._directory.transaction() as transaction:
            found = await transaction.blobs.seize(now, now - HELD_MS, BATCH)
        failed: Refused | None = None
        for blob in found:
            if loop.time() >= until:
                break
            try:
                async with asyncio.timeout_at(until):
                    await self._store.delete(blob.hash)
            except TimeoutError:
                raise Refused(Code.UNAVAILABLE, "media cannot be deleted now") from None
            except Refused as refused:
                failed = refused
                continue
            passing("collect.deleted")
            async with self._directory.transaction() as transaction:
                await transaction.blobs.forget(blob)
            self.blobs += 1
            self.bytes += blob.size
            _log.info("media that nobody needs is gone", blob=blob.hash[:_SHORT], bytes=blob.size)
        if failed is not None:
            raise failed
        return len(found)
