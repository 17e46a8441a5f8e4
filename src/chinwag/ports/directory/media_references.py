"""References: which messages show which uploads, as read from all that is placed."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.ids import ConversationId, UploadId
from chinwag.domain.media_status import MediaStatus
from chinwag.ports.follower import Reached


class MediaReference(msgspec.Struct, frozen=True):
    """The message `number` of `conversation` shows `upload`.

    It names the upload and not its blobs: a smaller copy of a video may be made after the message was read.
    """

    upload: UploadId
    conversation: ConversationId
    number: int


class MediaReading(msgspec.Struct, frozen=True):
    """How far references are kept. at_head: the last moment (milliseconds since 1970) of which it is sure that every
    message placed before it was read; 0: there is none."""

    reached: Reached
    at_head: int = 0


class MediaReferenceRepository(Protocol):
    """References, and how far they are kept: both change in one transaction."""

    async def reading(self) -> MediaReading | None:
        """How far they are kept; None: nothing was read yet."""
        ...

    async def begin(self, reading: MediaReading) -> None:
        """Forget all references, and begin there."""
        ...

    async def move(self, before: Reached, after: MediaReading) -> bool:
        """They are kept as far as `after`. False, and nothing is changed, unless they were kept as far as `before`."""
        ...

    async def put(self, references: Sequence[MediaReference]) -> None:
        """Add these, each in place of what the same message showed."""
        ...

    async def remove(self, conversation: ConversationId, numbers: Sequence[int]) -> None:
        """These messages show nothing any more."""
        ...

    async def remove_all(self, conversation: ConversationId) -> None:
        """No message of the conversation shows anything any more."""
        ...

    async def referred(self, uploads: Sequence[UploadId]) -> set[UploadId]:
        """Those of `uploads` (at most `PAGE_MAX`) that some message shows."""
        ...

    async def unneeded(self, before: int, limit: int) -> list[str]:
        """Hashes of blobs that no upload and no avatar names, not claimed since `before`, and not dying."""
        ...

    async def of_conversation(self, conversation: ConversationId, before: int, limit: int) -> list[int]:
        """The numbers below `before` of messages of the conversation that show something, falling."""
        ...

    async def count(self) -> int:
        """How many there are."""
        ...

    async def status(self) -> MediaStatus:
        """All of it in numbers: looks at every row."""
        ...
