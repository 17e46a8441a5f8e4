"""Media in a bucket of an object store that speaks S3: `ab/cd/abcd…`, named by the hash of what is in them, and
`incoming/` for what is longer than fits into memory.

A long blob is written in parts under a name that nobody can foresee, and copied to its own within the store once its
hash is known. What a process that died has left in `incoming/` is taken away after a day; parts that were never put
together a bucket's own rule takes away (docs/media-pictures.md).
"""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeVar

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from chinwag.adapters.s3.bucket import Bucket, presigned
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.media_store import Blob, NoBlobError

PART_BYTES: Final = 8 * 1024 * 1024
"""A blob up to this long goes in one request; a longer one in parts of it."""
PARTS_AT_ONCE: Final = 2
PIECE_BYTES: Final = 512 * 1024
"""What a long blob is hashed in at once."""
WINDOW_BYTES: Final = 2 * 1024 * 1024
"""What is read in one request: a reader that is slow keeps none waiting."""
ANSWER_SECONDS: Final = 10.0
"""For a question that moves no bytes."""
SLOWEST: Final = 256 * 1024
"""Bytes a second that a store takes at least."""
COPY_SECONDS: Final = 120.0
"""For a store to copy a long blob by itself."""
LEFT: Final = timedelta(days=1)
"""What is older in `incoming/` is nobody's."""
_INCOMING: Final = "incoming/"
_DIGITS: Final = frozenset("0123456789abcdef")

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class S3MediaStore:
    """`MediaStore` upon a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        """Asks nothing yet: a store that is away keeps no server from starting."""
        self._bucket = bucket
        self._store: S3Store = bucket.open()

    async def put(self, content: AsyncIterable[bytes]) -> Blob:
        pieces = content.__aiter__()
        begun = await _up_to(pieces, PART_BYTES + 1)
        if len(begun) <= PART_BYTES:
            hash_ = await asyncio.to_thread(_hash_of, begun)
            there = await self.size(hash_)
            if there != len(begun):
                # of two that put the same the first has done it; what is not as long as it was is put anew
                mode: Literal["create", "overwrite"] = "create" if there is None else "overwrite"
                with contextlib.suppress(AlreadyExistsError):
                    await self._done(
                        obstore.put_async(self._store, _name(hash_), bytes(begun), mode=mode, use_multipart=False),
                        ANSWER_SECONDS + len(begun) / SLOWEST,
                    )
            return Blob(hash_, len(begun))
        return await self._put_long(begun, pieces)

    async def _put_long(self, begun: bytearray, pieces: AsyncIterator[bytes]) -> Blob:
        await self.size("0" * 64)  # a store that is away says so before it is sent anything long
        draft = f"{_INCOMING}{secrets.token_hex(16)}"
        counted = _Counted(begun, pieces)
        try:
            try:
                await self._done(
                    obstore.put_async(
                        self._store,
                        draft,
                        counted.pieces(),
                        use_multipart=True,
                        chunk_size=PART_BYTES,
                        max_concurrency=PARTS_AT_ONCE,
                    ),
                    None,
                )
            except Exception:
                if counted.failed is not None:
                    raise counted.failed from None
                raise
            blob = counted.blob()
            if await self.size(blob.hash) != blob.size:
                await self._done(obstore.copy_async(self._store, draft, _name(blob.hash)), COPY_SECONDS)
            return blob
        finally:
            # one that stays is swept
            with contextlib.suppress(Refused):
                await self._done(obstore.delete_async(self._store, draft), ANSWER_SECONDS)

    async def read(self, hash_: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await self.size(hash_)
        if size is None:
            raise NoBlobError(hash_[:64])
        start, end = max(0, start), size if end is None else min(end, size)
        if start >= end:
            return
        while start < end:
            until = min(start + WINDOW_BYTES, end)
            try:
                piece = await self._asked(
                    obstore.get_range_async(self._store, _name(hash_), start=start, end=until), ANSWER_SECONDS
                )
            except FileNotFoundError:  # it was deleted meanwhile
                raise Refused(Code.UNAVAILABLE, "the blob is gone") from None
            if len(piece) != until - start:
                raise Refused(Code.UNAVAILABLE, "the object store sent less than it has", 1.0)
            yield bytes(piece)
            start = until

    async def size(self, hash_: str) -> int | None:
        if not _is_hash(hash_):
            return None
        try:
            return int((await self._asked(obstore.head_async(self._store, _name(hash_)), ANSWER_SECONDS))["size"])
        except FileNotFoundError:
            return None

    async def delete(self, hash_: str) -> None:
        if _is_hash(hash_):  # for S3 it is no error that there is no such object
            await self._done(obstore.delete_async(self._store, _name(hash_)), ANSWER_SECONDS)

    async def blobs(self) -> AsyncIterator[Blob]:
        """Besides, takes away what is left in `incoming/`."""
        old = datetime.now(UTC) - LEFT
        pages = obstore.list(self._store, chunk_size=1_000).__aiter__()
        while True:
            try:
                page = await self._done(pages.__anext__(), ANSWER_SECONDS)
            except StopAsyncIteration:
                return
            for one in page:
                name = one["path"].rpartition("/")[2]
                if one["path"].startswith(_INCOMING):
                    if one["last_modified"] < old:
                        await self._done(obstore.delete_async(self._store, one["path"]), ANSWER_SECONDS)
                elif _is_hash(name) and one["path"] == _name(name):
                    yield Blob(name, one["size"])

    async def link(self, hash_: str, seconds: int, media_type: str = "", disposition: str = "") -> str | None:
        if not _is_hash(hash_):
            return None
        return presigned(self._bucket, _name(hash_), seconds, media_type, disposition, datetime.now(UTC))

    async def close(self) -> None:
        """Connections end with their last use."""

    async def _done(self, answer: Awaitable[T], seconds: float | None) -> T:
        """As `_asked`, where no object is asked for: what the store does not find then is the bucket."""
        try:
            return await self._asked(answer, seconds)
        except FileNotFoundError as error:
            _log.warning("the object store does not find the bucket", bucket=self._bucket.name)
            raise Refused(Code.UNAVAILABLE, "media cannot be kept or read", 1.0) from error

    async def _asked(self, answer: Awaitable[T], seconds: float | None) -> T:
        """What the store says within that time. Raises FileNotFoundError for an object that is not there."""
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except (FileNotFoundError, AlreadyExistsError):
            raise
        except (BaseError, TimeoutError, OSError) as error:
            words = str(error).partition("\n")[0]
            _log.warning("the object store does not do what it is asked", error=words or "no answer in time")
            raise Refused(Code.UNAVAILABLE, "media cannot be kept or read", 1.0) from error


class _Counted:
    """What passes on its way to the store: its hash and size, and how its source failed if it did."""

    def __init__(self, begun: bytearray, rest: AsyncIterator[bytes]) -> None:
        self._begun = begun
        self._rest = rest
        self._hash = hashlib.sha256()
        self._size = 0
        self.failed: BaseException | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        yield await self._count(bytes(self._begun))
        self._begun.clear()
        try:
            while gathered := await _up_to(self._rest, PIECE_BYTES):
                yield await self._count(bytes(gathered))
        except Exception as error:
            self.failed = error
            raise

    def blob(self) -> Blob:
        return Blob(self._hash.hexdigest(), self._size)

    async def _count(self, piece: bytes) -> bytes:
        await asyncio.to_thread(self._hash.update, piece)
        self._size += len(piece)
        return piece


async def _up_to(pieces: AsyncIterator[bytes], least: int) -> bytearray:
    """What comes next, until it is at least so long or there is no more."""
    gathered = bytearray()
    while len(gathered) < least:
        try:
            gathered += await pieces.__anext__()
        except StopAsyncIteration:
            break
    return gathered


def _hash_of(content: bytearray) -> str:
    return hashlib.sha256(content).hexdigest()


def _name(hash_: str) -> str:
    return f"{hash_[:2]}/{hash_[2:4]}/{hash_}"


def _is_hash(text: str) -> bool:
    return len(text) == 64 and _DIGITS.issuperset(text)
