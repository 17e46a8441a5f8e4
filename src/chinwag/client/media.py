"""Pictures, videos and files: uploads that go on after an interruption, and downloads that do.

A small file goes in one request; a larger one by tus 1.0.0 (tus.io), in pieces, each of which the server has kept when
it answers. What is interrupted goes on where it stopped, also in another process: its id is all that it takes.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, Final, Literal
from urllib.parse import quote, urlsplit

from chinwag.client.asking import Asking, address
from chinwag.client.backoff import Backoff
from chinwag.client.errors import ApiError, LoggedOut
from chinwag.lasting import whole_file
from chinwag.wire.media import UploadView
from chinwag.wire.values import ConversationId

SMALL_BYTES: Final = 256 * 1024
"""What goes in one request."""
PIECE_BYTES: Final = 1 << 20
"""What goes in one request of a larger one."""
TRIES: Final = 8
"""Interruptions in a row, without a byte between them, after which it is given up."""
WAIT_SECONDS: Final = 15
"""How long the server is asked to wait until it has looked at what was uploaded."""
LOOKS: Final = 40
_TUS: Final = {"Tus-Resumable": "1.0.0"}

Progress = Callable[[int, int], object]
"""Called with the bytes that have arrived, and how many there are."""
Size = Literal["", "320", "1280", "play"]
"""The original; a preview of so many pixels at most; of a video the smaller copy, if there is one."""


class BrokenOff(ApiError):  # noqa: N818 - says what is so
    """The upload or the download was interrupted too often. upload: go on with `resume_upload`."""

    def __init__(self, upload: str = "") -> None:
        super().__init__("unreachable", "It was interrupted again and again.", retryable=True)
        self.upload = upload


class NotBare(ApiError):  # noqa: N818 - says what is so
    """The server could not take out of a picture what is written beside it, such as where it was taken. It was not
    sent. upload: may be sent all the same, by `Attach`."""

    def __init__(self, upload: str) -> None:
        super().__init__("not_bare", "The server cannot take out of it where and when it was made.")
        self.upload = upload


class MediaFiles(Asking):
    """Uploads, and what messages hold. Beside `ApiError` (`media_too_large`, `quota`, `storage_full`, …) every method
    that takes or makes a file raises OSError."""

    async def upload(
        self,
        file: Path,
        *,
        as_picture: bool = False,
        name: str = "",
        poster: bytes = b"",
        progress: Progress | None = None,
    ) -> UploadView:
        """Upload a file, and wait until it can be sent. as_picture: the server makes a picture anew, without what else
        the file tells (place, camera): the answer is `bare` then; otherwise it is kept byte for byte. poster: a picture
        of a video, for a server that can make none: at most 1 MB. Raises `BrokenOff`."""
        kind, name = "picture" if as_picture else "file", name or file.name
        size = (await asyncio.to_thread(file.stat)).st_size
        if size <= SMALL_BYTES and not poster:
            content = await asyncio.to_thread(file.read_bytes)
            target = f"/v1/media?name={quote(name, safe='')}&as={kind}"
            headers = {"Content-Type": "application/octet-stream"}
            made = self._http.read(await self._http.exchange("POST", target, headers, content), UploadView)
            if progress is not None:
                progress(size, size)
            return await self.uploaded(made.id)
        upload = await self._begin(size, name, kind)
        if poster:
            await self._http.exchange("PUT", f"{_of(upload)}/poster", {"Content-Type": "image/*"}, poster)
        return await self.resume_upload(upload, file, progress=progress)

    async def resume_upload(self, upload: str, file: Path, *, progress: Progress | None = None) -> UploadView:
        """Go on with an upload of `file`, and wait until it can be sent. Raises `BrokenOff`, and `ApiError`
        (`no_upload`) for one that is not there any more."""
        with await asyncio.to_thread(file.open, "rb") as opened:
            size = (await asyncio.to_thread(file.stat)).st_size
            await self._send(upload, opened, size, progress or (lambda _, __: None))
        return await self.uploaded(upload)

    async def uploaded(self, upload: str) -> UploadView:
        """Wait until the server has looked at an upload that is whole."""
        for _ in range(LOOKS):
            found = await self._http.get(_of(upload), UploadView, wait=WAIT_SECONDS)
            if found.state != "processing":
                return found
        raise ApiError("unavailable", "The server is still looking at it.", retryable=True)

    async def drop_upload(self, upload: str) -> None:
        """Throw an upload away."""
        await self._http.exchange("DELETE", _of(upload), _TUS)

    async def read_media(self, conversation: ConversationId, number: int, size: Size = "") -> AsyncIterator[bytes]:
        """What a message holds, piece by piece; after an interruption it goes on from there. Raises `BrokenOff`."""
        place = f"{address(conversation)}/messages/{number}/media" + (f"/{size}" if size else "")
        had, tag, tries, backoff = 0, "", 0, Backoff(most=5.0)
        while True:
            headers = {"Range": f"bytes={had}-", "If-Range": tag} if had else {}
            try:
                async with self._http.streaming(place, headers) as answer:
                    _check_goes_on(had, answer.status_code)
                    tag = answer.headers.get("ETag", "")
                    async for piece in self._http.pieces(answer):
                        had, tries = had + len(piece), 0
                        yield piece
                    return
            except ApiError as error:
                tries += 1
                if not error.retryable or not tag:
                    raise
                if tries >= TRIES:
                    raise BrokenOff from None
                await asyncio.sleep(backoff.next(error.retry_after or 0.0))

    async def save_media(
        self, conversation: ConversationId, number: int, to: Path, *, size: Size = "", progress: Progress | None = None
    ) -> int:
        """Write what a message holds into a new file, which has its name only once it is whole; how many bytes. Raises
        FileExistsError, and `BrokenOff`."""
        writing = whole_file(to)
        file = await asyncio.to_thread(writing.__enter__)
        had = 0
        try:
            async for piece in self.read_media(conversation, number, size):
                await asyncio.to_thread(file.write, piece)
                had += len(piece)
                if progress is not None:
                    progress(had, 0)
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(writing.__exit__, type(error), error, error.__traceback__))
            raise
        await asyncio.to_thread(writing.__exit__, None, None, None)
        return had

    async def _begin(self, size: int, name: str, kind: str) -> str:
        """A new upload by tus; its id."""
        told = {"filename": name, "as": kind}
        written = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
        headers = _TUS | {"Upload-Length": str(size), "Upload-Metadata": written}
        answer = await self._http.exchange("POST", "/v1/media", headers)
        made = urlsplit(answer.headers.get("Location", "")).path.rpartition("/")[2]
        if not made:
            raise ApiError("bad_answer", "The server's answer names no upload.")
        return made

    async def _send(self, upload: str, file: BinaryIO, size: int, progress: Progress) -> None:
        """Send what the server has not got yet."""
        at, tries, backoff = await self._where(upload, size), 0, Backoff(most=5.0)
        progress(at, size)
        while at < size:
            await asyncio.to_thread(file.seek, at)
            piece = await asyncio.to_thread(file.read, PIECE_BYTES)
            if not piece:
                raise ApiError("bad_media", "The file has become shorter meanwhile.")
            try:
                now = await self._patch(upload, at, piece, size)
            except LoggedOut:
                raise
            except ApiError as error:
                tries += 1
                if tries >= TRIES:
                    raise BrokenOff(upload) from None
                if error.retryable:
                    await asyncio.sleep(backoff.next(error.retry_after or 0.0))
                # More or less of the piece may have arrived than was told.
                now = await self._where(upload, size)
                if now == at and not error.retryable:
                    raise
            if now > at:
                tries, backoff = 0, Backoff(most=5.0)
            at = now
            progress(at, size)

    async def _where(self, upload: str, size: int) -> int:
        """How many bytes the server has."""
        backoff = Backoff(most=5.0)
        for _ in range(TRIES):
            try:
                found = await self._http.exchange("HEAD", _of(upload), _TUS)
                return _offset(found.headers.get("Upload-Offset", ""), size)
            except ApiError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(backoff.next(error.retry_after or 0.0))
        raise BrokenOff(upload)

    async def _patch(self, upload: str, at: int, piece: bytes, size: int) -> int:
        headers = _TUS | {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        answer = await self._http.exchange("PATCH", _of(upload), headers, piece)
        return _offset(answer.headers.get("Upload-Offset", ""), size)


def _of(upload: str) -> str:
    return f"/v1/media/{quote(upload, safe='')}"


def _check_goes_on(had: int, status: int) -> None:
    if had and status != 206:
        raise ApiError("changed", "It has changed meanwhile: begin anew.")


def _offset(given: str, size: int) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 17 and int(given) <= size):
        raise ApiError("bad_answer", "The server does not say how much it has.")
    return int(given)
