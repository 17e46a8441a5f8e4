"""Make a picture of an account or a group out of an upload: a square, in the workshop, kept as a blob.

The blob is claimed before it is put, and named in a row only then, as `BlobRepository` says.
"""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId, Snowflake, UploadId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.budget import Budget
from chinwag.flow.clock import Clock
from chinwag.flow.states import States
from chinwag.lasting import draft_name, lasting_folder, new_file, new_folder
from chinwag.ports.directory import Avatar, Blob, Directory, MadeKind, UploadState
from chinwag.ports.media_store import MediaStore, NoBlobError, StoreFullError
from chinwag.ports.message_store import MessageStore
from chinwag.ports.workshop import Workshop

SETTING: Final = Rate(1 / 60, 10)
"""Pictures that one account may have made."""
CLAIMS: Final = 20
"""Times that a blob is claimed which is being deleted."""
CLAIM_SECONDS: Final = 0.5
"""Between two of them."""
_PIECE: Final = 1 << 20


class Avatars(msgspec.Struct, frozen=True, kw_only=True):
    """What the verbs about pictures share. folder: a private one, on this machine, for what is being made."""

    accounts: Accounts
    accept: Accept
    states: States
    store: MessageStore
    media: MediaStore
    workshop: Workshop
    folder: Path
    setting: Budget = msgspec.field(default_factory=lambda: Budget(SETTING))

    @property
    def directory(self) -> Directory:
        """Where pictures are named."""
        return self.accounts.directory

    @property
    def ids(self) -> Snowflake:
        """Who names pictures."""
        return self.accounts.ids

    @property
    def clock(self) -> Clock:
        """Milliseconds since 1970."""
        return self.accounts.clock


async def make(
    avatars: Avatars, account: AccountId, upload: UploadId, conversation: ConversationId | None = None
) -> Avatar:
    """A picture out of `upload`, for `conversation` or for `account` itself. Its blob is there and claimed; it is named
    nowhere yet.

    Raises `no_upload` unless the upload is the account's own and ready, `bad_media` if it is no picture,
    `rate_limited`, `storage_full`, `overloaded`, `unavailable`.
    """
    original = await _original(avatars, account, upload)
    avatars.setting.take(account, "so many pictures were made of late")
    async with _private(avatars.folder) as folder:
        source = folder / "original"
        await _fetch(avatars.media, original, source)
        into = new_folder(folder / "made")
        made = await avatars.workshop.avatar(source, into)
        if made is None:
            raise Refused(Code.BAD_MEDIA, "it is no picture")
        hash_, size = await asyncio.to_thread(_hash, made)
        claimed_at = await claim(avatars.directory, hash_, size, avatars.clock)
        try:
            await avatars.media.put(_pieces(made))
        except StoreFullError:
            raise Refused(Code.STORAGE_FULL) from None
    id_ = avatars.ids.next(avatars.clock())
    return Avatar(id_, account, conversation, hash_, size, claimed_at, placed=conversation is None)


async def claim(directory: Directory, hash_: str, size: int, clock: Clock) -> int:
    """Claim a blob, once nobody deletes it any more; when that was (milliseconds since 1970). Raises `unavailable`."""
    for _ in range(CLAIMS):
        claimed_at = clock()
        async with directory.transaction() as transaction:
            if not await transaction.blobs.claim([Blob(hash_, size, claimed_at)]):
                return claimed_at
        await asyncio.sleep(CLAIM_SECONDS)
    raise Refused(Code.UNAVAILABLE, "the same picture is being deleted", 1.0)


async def _original(avatars: Avatars, account: AccountId, upload: UploadId) -> str:
    async with avatars.directory.reading() as directory:
        found = await directory.uploads.get(upload)
        if found is None or found.account != account or found.state is not UploadState.READY:
            raise Refused(Code.NO_UPLOAD)
        files = await directory.uploads.files(upload)
    for file in files:
        if file.kind is MadeKind.ORIGINAL and file.media_type.startswith("image/"):
            return file.hash
    raise Refused(Code.BAD_MEDIA, "it is no picture")


async def _fetch(media: MediaStore, hash_: str, path: Path) -> None:
    with new_file(path) as file:
        try:
            async for piece in media.read(hash_):
                await asyncio.to_thread(file.write, piece)
        except NoBlobError:
            raise Refused(Code.NO_UPLOAD) from None


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _hash(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


@asynccontextmanager
async def _private(folder: Path) -> AsyncIterator[Path]:
    made = await asyncio.to_thread(lambda: new_folder(draft_name(lasting_folder(folder) / "avatar")))
    try:
        yield made
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, made, ignore_errors=True))
