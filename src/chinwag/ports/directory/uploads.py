"""Uploads: what people put on the server to send it, what was found in it, and which blobs it became.

A blob is a content in the `MediaStore`, named by its SHA-256. The rows here say who needs it; a blob that no row of
`upload_files` and nothing else names goes away (`BlobRepository`).
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.media import Traits

PARTS_MOST: Final = 10_000
"""Parts of one upload."""


class UploadState(StrEnum):
    """How far an upload is. `receiving`: bytes are missing. `processing`: it is looked at. `ready`: it may be sent."""

    RECEIVING = "receiving"
    PROCESSING = "processing"
    READY = "ready"


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One upload. Times are milliseconds since 1970, sizes bytes.

    name: the file's, cleaned. picture: whether it is to be made anew as a picture. metadata: tus's header, as it came.
    received: bytes that are durable. expires_at: when it goes if it is not `ready` by then (0: its account is closed,
    so it is received, held and made ready no more); of one that is ready, when it may go if nothing refers to it.
    held_until: whoever looks at it has time until then. poster: the name of the part that holds the client's own
    poster; empty: none. found: once it is ready.
    """

    id: UploadId
    account: AccountId
    name: str
    picture: bool
    size: int
    created_at: int
    expires_at: int
    metadata: str = ""
    received: int = 0
    state: UploadState = UploadState.RECEIVING
    held_until: int = 0
    poster: str = ""
    found: Traits | None = None


class Part(msgspec.Struct, frozen=True):
    """Bytes of an upload from `offset` on, under `name` in the `UploadStore`."""

    offset: int
    size: int
    name: str


class MadeKind(StrEnum):
    """What a blob is to its upload: the original as it is stored, a preview of at most so many pixels, or a video's
    smaller copy."""

    ORIGINAL = "original"
    SMALL = "320"
    LARGE = "1280"
    PLAY = "play"


class MadeFile(msgspec.Struct, frozen=True):
    """A blob that an upload became. media_type: what it is served as."""

    kind: MadeKind
    hash: str
    size: int
    media_type: str


class Usage(msgspec.Struct, frozen=True):
    """What an account's uploads take. unfinished: how many are not `ready`. size: bytes, declared or found, of all.
    ready: how many are."""

    unfinished: int
    size: int
    ready: int = 0


class UploadRepository(Protocol):
    """Uploads, their parts, and the blobs that they became. Within a transaction of `account` all but `due`,
    `unfinished`, `promised`, `naming` and `count` may be used."""

    async def add(self, upload: Upload) -> None:
        """Add one."""
        ...

    async def get(self, upload: UploadId) -> Upload | None:
        """That one."""
        ...

    async def usage(self, account: AccountId) -> Usage:
        """What the account's uploads take now."""
        ...

    async def unsent_of(self, account: AccountId, limit: int) -> int:
        """How many of the account's uploads are `ready` and shown by no message, counted up to `limit`."""
        ...

    async def promised(self, since: int) -> int:
        """Bytes that uploads of all accounts have declared and not received, of those that expire after `since`."""
        ...

    async def received(self, upload: UploadId, parts: Sequence[Part], expires_at: int) -> bool:
        """Add `parts`, which follow one another; with the last byte it is `processing`. False, and nothing is changed,
        unless the first begins where the upload ends, and it is `receiving`. An upload has at most `PARTS_MOST`:
        raises `too_many`."""
        ...

    async def parts(self, upload: UploadId) -> list[Part]:
        """Its parts in their order."""
        ...

    async def set_poster(self, upload: UploadId, name: str) -> bool:
        """Name the part that holds the client's poster; False if it is no longer `receiving`."""
        ...

    async def hold(self, upload: UploadId, now: int, until: int) -> bool:
        """Take the work on it until `until`; False unless it is `processing` and nobody has it at `now`."""
        ...

    async def ready(self, upload: UploadId, found: Traits, files: Sequence[MadeFile], expires_at: int) -> bool:
        """It became `files`: it is `ready`, its parts are forgotten. False, and nothing is changed, unless it was
        `processing`. The blobs must be claimed before."""
        ...

    async def add_file(self, upload: UploadId, file: MadeFile) -> bool:
        """A file that was made later, in place of one of its kind; False if the upload is not there, or not ready."""
        ...

    async def files(self, upload: UploadId) -> list[MadeFile]:
        """What it became."""
        ...

    async def remove(self, upload: UploadId) -> None:
        """Forget it, its parts and its files. No blob goes by that alone."""
        ...

    async def of_account(self, account: AccountId, after: UploadId | None, limit: int) -> list[Upload]:
        """Its uploads by id, at most `limit`."""
        ...

    async def due(self, now: int, limit: int) -> list[Upload]:
        """Uploads that are `processing` and that nobody has at `now`, those received first first."""
        ...

    async def unfinished(self, before: int, limit: int) -> list[Upload]:
        """Uploads that are not `ready` and expired before `before`, oldest first."""
        ...

    async def unsent(self, before: int, limit: int) -> list[Upload]:
        """Uploads that are `ready` and whose `expires_at` is before `before`, oldest first: those that nothing refers
        to may go. One that something refers to is moved on by `keep`."""
        ...

    async def keep(self, upload: UploadId, expires_at: int) -> None:
        """Look at it no sooner than `expires_at`."""
        ...

    async def naming(self, hash_: str) -> int:
        """How many files of uploads are that blob."""
        ...

    async def count(self) -> dict[UploadState, int]:
        """How many uploads of each state there are."""
        ...


class Blob(msgspec.Struct, frozen=True):
    """A content that is or was in the `MediaStore`, or is about to be. claimed_at: when somebody last said that it is
    needed (milliseconds since 1970). dying: it is being deleted, and nobody may count on it."""

    hash: str
    size: int
    claimed_at: int
    dying: bool = False


class BlobRepository(Protocol):
    """Which contents are in the `MediaStore`, and since when nobody has needed them.

    Whoever puts a content claims it first, in a transaction of its own; then puts it, as it may have gone before the
    claim; then names it in a row that lasts. Whoever deletes marks it `dying` first, in a transaction that sees neither
    a row that names it nor a young claim; then deletes the content; then `forget`s it. A claim of a dying one fails:
    it is made again once the deletion is through. Not within a transaction of one account.
    """

    async def claim(self, blobs: Sequence[Blob]) -> list[str]:
        """Note that they are needed at their `claimed_at`. Returns the hashes of those that are dying, which are not
        claimed."""
        ...

    async def get(self, hash_: str) -> Blob | None:
        """That one."""
        ...

    async def doom(self, hash_: str) -> None:
        """Mark it dying."""
        ...

    async def dying(self, limit: int) -> list[Blob]:
        """Blobs whose deletion has begun and is not through."""
        ...

    async def seize(self, now: int, before: int, limit: int) -> list[Blob]:
        """Dying blobs whose deletion was not begun since `before`; whoever asks begins it at `now`, which is their
        `claimed_at` then. It is through with it, or gives it up, well before another one's `before` is that late."""
        ...

    async def forget(self, blob: Blob) -> None:
        """It is deleted, by whoever seized it as `blob`; nothing changes if another one has it by now."""
        ...

    async def page(self, after: str, limit: int) -> list[Blob]:
        """Blobs by hash, behind `after`."""
        ...
