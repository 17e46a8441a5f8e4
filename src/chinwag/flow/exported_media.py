"""Media in an export: a line for each message that shows some, and the files themselves where they are wanted."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from chinwag.domain.export import AvatarLine, MediaLine
from chinwag.domain.ids import AccountId, ConversationId, UploadId
from chinwag.ports.directory import Directory, MadeKind

Save = Callable[[str, str], Awaitable[bool]]
"""Keeps the blob of a hash as a file of that name, which has no path; False if the blob is not there."""

_ENDING: Final = 10
"""Letters of the ending that a file keeps of its name."""
_MEDIA: Final = b'"media"'


class _Body(msgspec.Struct):
    type: str
    id: UploadId = UploadId("")
    name: str = ""
    media_type: str = ""
    size: int = 0


class _Event(msgspec.Struct):
    kind: str
    number: int
    conversation: ConversationId
    body: _Body | None = None


_event: Final = msgspec.json.Decoder(_Event).decode


class ExportedMedia:
    """The media of one export."""

    def __init__(self, directory: Directory, save: Save | None) -> None:
        """save: None for lines without files."""
        self._directory = directory
        self._save = save

    async def shown(self, event: bytes) -> MediaLine | None:
        """What the message `event` (JSON) shows, if it shows any; its file is kept then. A file that two messages show
        is kept once."""
        if _MEDIA not in event:
            return None
        found = _event(event)
        body = found.body
        if found.kind != "message" or body is None or body.type != "media" or not body.id:
            return None
        file = await self._kept(body.id, body.name)
        return MediaLine(found.conversation, found.number, body.id, body.name, body.media_type, body.size, file)

    async def picture(
        self, avatar: str, account: AccountId | None = None, conversation: ConversationId | None = None
    ) -> AvatarLine | None:
        """The picture `avatar` of an account or of a group; None if there is none."""
        if not avatar:
            return None
        async with self._directory.reading() as directory:
            found = await directory.avatars.get(avatar)
        if found is None:
            return None
        name = f"avatar-{avatar}.webp"
        kept = self._save is not None and await self._save(found.hash, name)
        return AvatarLine(account, conversation, avatar, name if kept else None)

    async def _kept(self, upload: UploadId, name: str) -> str | None:
        """The name of its file; None where no files are wanted, or it is not there."""
        if self._save is None:
            return None
        async with self._directory.reading() as directory:
            files = await directory.uploads.files(upload)
        hashes = [one.hash for one in files if one.kind is MadeKind.ORIGINAL]
        file = upload + ending(name)
        return file if hashes and await self._save(hashes[0], file) else None


def ending(name: str) -> str:
    """What a file's name ends with, with its dot; empty unless it is a few plain letters."""
    _, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and last.isascii() and last.isalnum() and len(last) <= _ENDING else ""
