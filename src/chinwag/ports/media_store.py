"""The MediaStore: pictures, videos and files, each known by what is in it."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol

import msgspec


class Blob(msgspec.Struct, frozen=True):
    """One blob. hash: SHA-256 of its bytes, 64 hexadecimal digits in lower case; size: in bytes."""

    hash: str
    size: int


class NoBlobError(Exception):
    """There is no blob of this hash."""


class StoreFullError(Exception):
    """There is no room for the blob. Nothing of it is kept."""


class MediaStore(Protocol):
    """Blobs by the hash of their content. Several processes may use one store at once.

    Durability: a blob is durable, whole and readable when `put` returns; before, and after a `put` that was broken off
    at any moment, it is there whole or not at all. What a broken `put` leaves is taken away within a day.
    A blob never changes, and identical content is kept once: putting it again is no error and harms no reader.

    Deletion: a reader of a blob that is deleted meanwhile ends well or with an error, never with other bytes. The store
    does not know who needs a blob: nobody may delete one while somebody else may put it (a `put` that returned before
    the `delete` came is undone by it).

    Bounds: memory is bounded whatever the size (a few megabytes a call). Nothing blocks the event loop. A store that
    is away answers within 10 s; a stream of bytes goes on for as long as it moves.

    Failures: all calls raise `Refused(UNAVAILABLE)` when the store cannot be asked. A hash that is none is one of which
    there is no blob. What `content` raises is passed on, and nothing is kept then.
    """

    async def put(self, content: AsyncIterable[bytes]) -> Blob:
        """Keep what `content` yields, in pieces of any size. Raises `StoreFullError`."""
        ...

    def read(self, hash_: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end` (None: the blob's end), in pieces; what lies beyond the blob's end is
        left out. Raises `NoBlobError` before the first piece, `Refused(UNAVAILABLE)` also later: whoever reads counts
        the bytes. An iterator that is not read to its end is to be closed (`aclose`)."""
        ...

    async def size(self, hash_: str) -> int | None:
        """How many bytes the blob has; None: there is none."""
        ...

    async def delete(self, hash_: str) -> None:
        """Take the blob away, durably; one that is not there is no error."""
        ...

    def blobs(self) -> AsyncIterator[Blob]:
        """All that is there, in no order. What is put or deleted meanwhile is among them or not."""
        ...

    async def link(self, hash_: str, seconds: int, media_type: str = "", disposition: str = "") -> str | None:
        """An address at which anybody can read the blob for so many seconds, ranges too, without asking Chinwag; None
        where a store has none. media_type, disposition: what its answer says as `Content-Type` and
        `Content-Disposition`. Whether the blob is there is not looked at."""
        ...

    async def close(self) -> None:
        """Let go of what is held. Bounded."""
        ...
