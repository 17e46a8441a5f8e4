"""Media on their way from a data folder into another store: each content once, under the same name."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from chinwag.adapters.postgres.moving import MoveError
from chinwag.life.backup import Telling
from chinwag.life.folder import MEDIA, media_in
from chinwag.ports.media_store import MediaStore, StoreFullError

_PIECE: Final = 1 << 20
_SHORT: Final = 12


async def copy_media(data: Path, target: MediaStore, telling: Telling) -> int:
    """Put every file of the folder's media into `target`, but for those that are there already; how many there are. It
    can be cut short and done again. Raises `MoveError` for a file that is not what its name says, or that finds no
    room; `Refused`, OSError."""
    files = await asyncio.to_thread(lambda: list(media_in(data)))
    sizes = await asyncio.to_thread(lambda: [path.stat().st_size for path in files])
    telling.doing("copying media", sum(sizes))
    for path, size in zip(files, sizes, strict=True):
        if await target.size(path.name) != size:
            try:
                blob = await target.put(_pieces(path))
            except StoreFullError:
                raise MoveError("there is no room for the media: make room, and run this again") from None
            if blob.hash != path.name:
                await target.delete(blob.hash)
                raise MoveError(
                    f"{data / MEDIA} is damaged: {path.name[:_SHORT]}… is not what it was. Put that file back from a "
                    "backup, or take it away, and run this again"
                )
        telling.did(size)
    return len(files)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
