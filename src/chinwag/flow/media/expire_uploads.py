"""Uploads that nobody went on with go, with what came of them."""

from typing import Final

import structlog

from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.clock import Clock
from chinwag.ports.directory import Directory, UploadState
from chinwag.ports.upload_store import UploadStore

POLL_SECONDS: Final = 600.0
BATCH: Final = 100

_log = structlog.get_logger(__name__)


async def expire_uploads(directory: Directory, store: UploadStore, clock: Clock) -> bool:
    """Forget some that have expired, and take away parts that belong to no upload under way; whether there may be
    more. Raises `Refused`: what is done stays done."""
    async with directory.reading() as reading:
        late = await reading.uploads.unfinished(clock(), BATCH)
    for upload in late:
        async with directory.transaction() as transaction:
            again = await transaction.uploads.get(upload.id)
            if again is None or again.expires_at != upload.expires_at or again.state is UploadState.READY:
                continue
            await transaction.uploads.remove(upload.id)
        passing("media.expired")
        await store.remove(upload.id)
        _log.info("an upload that nobody finished is forgotten", upload=upload.id, bytes=upload.received)
    return await _sweep(directory, store) or len(late) == BATCH


async def _sweep(directory: Directory, store: UploadStore) -> bool:
    """Take away what lies there of uploads that are ready, or gone: a crash may have left it."""
    gone = 0
    for name in await store.uploads():
        async with directory.reading() as reading:
            upload = await reading.uploads.get(name)
        if upload is None or upload.state is UploadState.READY:
            try:
                await store.remove(name)
            except Refused as refused:
                if refused.code is not Code.UNAVAILABLE:
                    raise
                continue  # no reason to come again at once
            gone += 1
    return gone >= BATCH
