"""Parts of uploads as objects, below `uploads/`: so any server can go on with an upload that another one began."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from chinwag.adapters.s3.bucket import Bucket
from chinwag.domain.ids import UploadId
from chinwag.domain.refusal import Code, Refused

ANSWER_SECONDS: Final = 20.0
PAGE: Final = 1_000
LISTED: Final = 5_000
_UPLOADS: Final = "uploads/"

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class S3UploadStore:
    """`UploadStore` upon a bucket. How full it is the bucket's owner sees to."""

    def __init__(self, bucket: Bucket) -> None:
        """Asks nothing yet."""
        self._bucket = bucket.name
        self._store: S3Store = bucket.open()

    async def put(self, upload: UploadId, name: str, content: bytes) -> None:
        await self._done(obstore.put_async(self._store, _name(upload, name), content, use_multipart=False))

    async def get(self, upload: UploadId, name: str) -> bytes:
        try:
            found = await self._asked(obstore.get_async(self._store, _name(upload, name)))
            return bytes(await self._asked(found.bytes_async()))
        except FileNotFoundError:
            raise Refused(Code.UNAVAILABLE, "a part is gone") from None

    async def drop(self, upload: UploadId, names: Sequence[str]) -> None:
        await self._delete([_name(upload, name) for name in names])

    async def remove(self, upload: UploadId) -> None:
        await self._delete(await self._listed(f"{_UPLOADS}{upload}/"))

    async def uploads(self) -> list[UploadId]:
        return list(dict.fromkeys(UploadId(name.split("/")[1]) for name in await self._listed(_UPLOADS)))

    async def check_room(self, size: int) -> None:
        """A bucket has no end that one could see."""

    def close(self) -> None:
        """Connections end with their last use."""

    async def _delete(self, names: Sequence[str]) -> None:
        for name in names:
            await self._done(obstore.delete_async(self._store, name))

    async def _listed(self, prefix: str) -> list[str]:
        pages = obstore.list(self._store, prefix=prefix, chunk_size=PAGE).__aiter__()
        found: list[str] = []
        while len(found) < LISTED * 3:
            try:
                page = await self._done(pages.__anext__())
            except StopAsyncIteration:
                break
            found += [one["path"] for one in page]
        return found

    async def _done(self, answer: Awaitable[T]) -> T:
        """As `_asked`, where no object is asked for: what the store does not find then is the bucket."""
        try:
            return await self._asked(answer)
        except FileNotFoundError as error:
            _log.warning("the object store does not find the bucket", bucket=self._bucket)
            raise Refused(Code.UNAVAILABLE, "uploads cannot be kept or read", 1.0) from error

    async def _asked(self, answer: Awaitable[T]) -> T:
        """What the store says in time. Raises FileNotFoundError for an object that is not there."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except FileNotFoundError:
            raise
        except (BaseError, TimeoutError, OSError) as error:
            words = str(error).partition("\n")[0]
            _log.warning("the object store does not do what it is asked", error=words or "no answer in time")
            raise Refused(Code.UNAVAILABLE, "uploads cannot be kept or read", 1.0) from error


def _name(upload: UploadId, name: str) -> str:
    return f"{_UPLOADS}{upload}/{name}"
