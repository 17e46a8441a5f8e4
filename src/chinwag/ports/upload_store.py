"""The UploadStore: the bytes of uploads that are not whole, or not looked at yet, in parts."""

from collections.abc import Sequence
from typing import Protocol

from chinwag.domain.ids import UploadId


class UploadStore(Protocol):
    """Parts of uploads, by the upload and a name that is given once. Several processes may use one store at once.

    Durability: a part is durable and whole when `put` returns; after a `put` that was broken off it is there whole or
    not at all. Which parts count the Directory says. One that it does not name is nobody's: whoever put it drops it,
    and what a crash has left goes with its upload.

    Bounds: a part is in memory as a whole, so it is a few megabytes at most. Nothing blocks the event loop. All calls
    raise `Refused`: `storage_full` when there is no room (nothing is kept then), `unavailable` when the store cannot be
    asked.
    """

    async def put(self, upload: UploadId, name: str, content: bytes) -> None:
        """Keep a part. name: letters, digits and `-`."""
        ...

    async def get(self, upload: UploadId, name: str) -> bytes:
        """A part. Raises `unavailable` also if there is none."""
        ...

    async def drop(self, upload: UploadId, names: Sequence[str]) -> None:
        """Take these parts away; those that are not there are no error."""
        ...

    async def remove(self, upload: UploadId) -> None:
        """Take all parts of the upload away; none is no error."""
        ...

    async def uploads(self) -> list[UploadId]:
        """Uploads of which parts are there, at most a few thousand, in no order."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...

    async def check_room(self, size: int) -> None:
        """Raise `storage_full` if with `size` further bytes too little of the disk were left free."""
        ...
