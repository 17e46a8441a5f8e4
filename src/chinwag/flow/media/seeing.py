"""What media a send is to have: an upload of the sender's own, or what a message shows that the sender may read now."""

from typing import Final

from chinwag.domain.body import Attach, Media
from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock
from chinwag.flow.media.finish import CLAIM_MS
from chinwag.flow.media.shown import ShownMedia
from chinwag.flow.media.uploads import Uploads
from chinwag.ports.directory import Directory, Upload, UploadState

WAIT_SECONDS: Final = 15.0
"""How long a send waits for an upload that is being looked at; then it is `unavailable`, and may be tried again."""


class OwnMedia:
    """`Seeing`, by the Directory and by what messages show."""

    def __init__(self, directory: Directory, uploads: Uploads, shown: ShownMedia, clock: Clock) -> None:
        self._directory = directory
        self._uploads = uploads
        self._shown = shown
        self._clock = clock

    async def see(self, account: AccountId, attach: Attach) -> Media:
        if attach.source is None:
            return await self._own(account, attach)
        media = await self._shown.media(account, attach.source.conversation, attach.source.number)
        if await self._keep(account, media.id) is None:
            raise Refused(Code.NO_UPLOAD)
        return Media(
            media.id,
            media.name,
            media.media_type,
            media.size,
            media.width,
            media.height,
            media.duration,
            media.blur,
            attach.caption,
            attach.mentions,
        )

    async def _own(self, account: AccountId, attach: Attach) -> Media:
        upload = await self._uploads.wait(account, attach.upload, WAIT_SECONDS)
        if upload.state is UploadState.PROCESSING:
            raise Refused(Code.UNAVAILABLE, "the upload is still looked at", 2.0)
        kept = await self._keep(account, upload.id) if upload.state is UploadState.READY else None
        if kept is None or kept.found is None:
            raise Refused(Code.NO_UPLOAD)
        found = kept.found
        return Media(
            kept.id,
            kept.name,
            found.media_type,
            found.size,
            found.width,
            found.height,
            found.duration,
            found.blur,
            attach.caption,
            attach.mentions,
        )

    async def _keep(self, account: AccountId, upload: UploadId) -> Upload | None:
        """Let it not go before the message can be seen that shows it; None if it is gone, or not ready.

        In a transaction of the sender's own, so that others go on meanwhile; what takes uploads away does so alone.
        """
        async with self._directory.transaction(account=account) as transaction:
            found = await transaction.uploads.get(upload)
            if found is None or found.state is not UploadState.READY:
                return None
            await transaction.uploads.keep(upload, max(found.expires_at, self._clock() + CLAIM_MS))
            return found
