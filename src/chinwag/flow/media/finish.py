"""Uploads that are whole are looked at, and what becomes of them is put where media are kept.

Each server looks at those that became whole at it, and at any that nobody holds: so one whose server died is finished
by another. All steps can be done again. A blob is claimed before it is put, and put before a row names it, so it is
never collected in between (`BlobRepository`).
"""

import asyncio
import contextlib
import hashlib
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, TypeVar

import structlog

from chinwag.domain.ids import UploadId
from chinwag.domain.media import Traits
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.clock import HOUR_MS, Clock
from chinwag.flow.media.room import Room
from chinwag.flow.media.turns import Turns
from chinwag.flow.media.uploads import ROOM_TIMES, Uploads
from chinwag.flow.standing import Job
from chinwag.lasting import new_file, new_folder
from chinwag.ports.directory import Blob, Directory, MadeFile, MadeKind, Upload, UploadState
from chinwag.ports.media_store import MediaStore, StoreFullError
from chinwag.ports.upload_store import UploadStore
from chinwag.ports.workshop import Found, Workshop

AT_ONCE: Final = 2
"""Uploads that one server looks at side by side."""
DUE: Final = 200
"""Of so many that wait, the longest first, the next one is chosen."""
HOLD_MS: Final = 30_000
"""So long nobody else takes up what a server has begun, unless it says again that it is at it."""
HOLD_AGAIN_SECONDS: Final = 10.0
AGAIN_MS: Final = 2_000
"""From an attempt for which there was no room to the next."""
CLAIM_MS: Final = 48 * HOUR_MS
"""How long what is ready waits for a message that shows it."""
LOOK_SECONDS: Final = 3.0
COPIES: Final = 100
"""Videos that wait for a smaller copy; of more there is none."""
COPY_TRIES: Final = 5
"""So often a copy is tried again for which a store was away; then the video stays as it was sent."""
PIECE_BYTES: Final = 512 << 10
PREVIEW_TYPE: Final = "image/webp"

_KINDS: Final = {320: MadeKind.SMALL, 1280: MadeKind.LARGE}
_log = structlog.get_logger(__name__)
T = TypeVar("T")


class Finish:
    """Makes whole uploads ready."""

    def __init__(
        self,
        directory: Directory,
        parts: UploadStore,
        media: MediaStore,
        workshop: Workshop,
        uploads: Uploads,
        clock: Clock,
        folder: Path,
        free: float = 0.0,
    ) -> None:
        """folder: on this machine, where files are put together and looked at. free: the share of its disk that stays
        free."""
        self._directory = directory
        self._parts = parts
        self._media = media
        self._workshop = workshop
        self._uploads = uploads
        self._clock = clock
        self._folder = folder
        self._room = Room(folder, parts, free)
        self._turns = Turns()
        self._copies: asyncio.Queue[tuple[UploadId, int]] = asyncio.Queue(COPIES)  # each with how often it was tried
        self._to_copy = asyncio.Event()
        self.finished = 0
        """Uploads made ready here."""

    def jobs(self) -> list[Job]:
        """What this server does all the time."""
        # one by one, side by side: what takes long in one of them holds up nothing in the other
        return [
            *(
                Job(
                    name=f"media-finish-{number}",
                    step=self.step,
                    wait=self._wait,
                    poll_seconds=LOOK_SECONDS,
                    failing="uploads wait to be looked at",
                    step_seconds=3_600.0,
                )
                for number in range(1, AT_ONCE + 1)
            ),
            Job(
                name="media-copies",
                step=self._copy_one,
                wait=self._wait_for_copies,
                poll_seconds=60.0,
                failing="a video has no smaller copy yet",
                step_seconds=7_200.0,
            ),
        ]

    async def step(self) -> bool:
        """Look at one that nobody looks at; whether there may be another."""
        async with self._directory.reading() as directory:
            due = await directory.uploads.due(self._clock(), DUE)
        upload = self._turns.next(due)
        if upload is None:
            return False
        self._turns.took(upload.account)
        try:
            await self._take(upload)
        except Refused as refused:
            _log.warning("an upload is looked at later", upload=upload.id, code=refused.code, detail=refused.detail)
        except Exception:
            _log.exception("an upload could not be looked at", upload=upload.id)
        return True

    async def _take(self, upload: Upload) -> None:
        now = self._clock()
        until = now + HOLD_MS
        async with self._directory.transaction(account=upload.account) as transaction:
            if not await transaction.uploads.hold(upload.id, now, until):
                return
        async with (
            self._held(upload, until),
            self._room.held(ROOM_TIMES * upload.size),
            self._work_folder() as folder,
        ):
            found = await self._inspect(upload, folder)
            await self._keep(upload, found)
        passing("media.ready")
        self._uploads.finished(upload.id)
        self.finished += 1
        with contextlib.suppress(Refused):  # what stays is swept
            await self._parts.remove(upload.id)
        if found.to_copy:
            self._copy_later(upload.id, 0)

    @contextlib.asynccontextmanager
    async def _held(self, upload: Upload, until: int) -> AsyncIterator[None]:
        """Say from time to time that somebody is at it; when it failed, it may be taken up again soon."""

        async def again() -> None:
            last = until
            while True:
                await asyncio.sleep(HOLD_AGAIN_SECONDS)
                with contextlib.suppress(Refused):
                    last = await self._hold(upload, last, self._clock() + HOLD_MS)

        task = asyncio.create_task(again(), name="media-hold")
        try:
            yield
        except BaseException:
            task.cancel()
            with contextlib.suppress(Refused):
                await self._hold(upload, self._clock() + 2 * HOLD_MS, self._clock() + AGAIN_MS)
            raise
        finally:
            task.cancel()

    async def _hold(self, upload: Upload, last: int, until: int) -> int:
        async with self._directory.transaction(account=upload.account) as transaction:
            await transaction.uploads.hold(upload.id, last, until)
        return until

    async def _inspect(self, upload: Upload, folder: Path) -> Found:
        path, into, poster = folder / "upload", folder / "made", None
        await _in_thread(lambda: new_folder(into))
        async with self._directory.reading() as directory:
            parts = await directory.uploads.parts(upload.id)
        size = 0
        with await _in_thread(lambda: new_file(path)) as file:
            for part in parts:
                content = await self._parts.get(upload.id, part.name)
                if len(content) != part.size or part.offset != size:
                    raise Refused(Code.UNAVAILABLE, "a part is not as it was", 1.0)
                await _in_thread(lambda content=content: file.write(content))  # type: ignore[misc]
                size += part.size
        if size != upload.size:
            raise Refused(Code.UNAVAILABLE, "a part is missing", 1.0)
        if upload.poster:
            poster = folder / "poster"
            image = await self._parts.get(upload.id, upload.poster)
            with await _in_thread(lambda: new_file(poster)) as file:
                await _in_thread(lambda: file.write(image))
        return await self._workshop.inspect(path, into, as_picture=upload.picture, poster=poster)

    async def _keep(self, upload: Upload, found: Found) -> None:
        made = [(MadeKind.ORIGINAL, found.original, found.media_type)]
        made += [(_KINDS[pixels], path, PREVIEW_TYPE) for pixels, path in found.previews.items()]
        files = [await self._made(kind, path, media_type) for kind, path, media_type in made]
        await self._claim(files)
        for file, (_, path, _) in zip(files, made, strict=True):
            await self._put(file, path)
        passing("media.put")
        traits = Traits(
            found.media_type,
            found.size,
            found.width or 0,
            found.height or 0,
            round(found.duration or 0.0, 3),
            b64encode(found.blur).decode(),
            upload.picture and found.remade,
        )
        async with self._directory.transaction(account=upload.account) as transaction:
            await transaction.uploads.ready(upload.id, traits, files, self._clock() + CLAIM_MS)

    async def _made(self, kind: MadeKind, path: Path, media_type: str) -> MadeFile:
        hash_, size = await _in_thread(lambda: _hash_of(path))
        return MadeFile(kind, hash_, size, media_type)

    async def _claim(self, files: list[MadeFile]) -> None:
        now = self._clock()
        async with self._directory.transaction() as transaction:
            dying = await transaction.blobs.claim([Blob(file.hash, file.size, now) for file in files])
        if dying:
            raise Refused(Code.UNAVAILABLE, "the same content is just being deleted", 1.0)

    async def _put(self, file: MadeFile, path: Path) -> None:
        if await self._media.size(file.hash) == file.size:
            return
        try:
            blob = await self._media.put(_pieces(path))
        except StoreFullError as error:
            raise Refused(Code.STORAGE_FULL) from error
        if blob.hash != file.hash:
            raise Refused(Code.UNAVAILABLE, "a file changed while it was kept", 1.0)

    # Smaller copies of videos, one after another

    async def _copy_one(self) -> bool:
        if self._copies.empty():
            return False
        upload, tries = self._copies.get_nowait()
        try:
            async with self._directory.reading() as directory:
                files = {file.kind: file for file in await directory.uploads.files(upload)}
                row = await directory.uploads.get(upload)
            if row is None or MadeKind.ORIGINAL not in files or MadeKind.PLAY in files:
                return True
            return await self._copy(row, files[MadeKind.ORIGINAL])
        except Refused as refused:
            if refused.code is Code.STORAGE_FULL:
                return True  # it plays as it is
            if tries < COPY_TRIES:
                self._copy_later(upload, tries + 1)
            raise

    def _copy_later(self, upload: UploadId, tries: int) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._copies.put_nowait((upload, tries))
            self._to_copy.set()

    async def _copy(self, row: Upload, original: MadeFile) -> bool:
        upload = row.id
        async with self._room.held(ROOM_TIMES * original.size), self._work_folder() as folder:
            path, into = folder / "video", folder / "made"
            await _in_thread(lambda: new_folder(into))
            with await _in_thread(lambda: new_file(path)) as file:
                async for piece in self._media.read(original.hash):
                    await _in_thread(lambda piece=piece: file.write(piece))  # type: ignore[misc]
            copy = await self._workshop.smaller_copy(path, into, row.found.duration if row.found else None)
            if copy is None:
                return True
            made = await self._made(MadeKind.PLAY, copy, "video/mp4")
            await self._claim([made])
            await self._put(made, copy)
        async with self._directory.transaction(account=row.account) as transaction:
            if (again := await transaction.uploads.get(upload)) is not None and again.state is UploadState.READY:
                await transaction.uploads.add_file(upload, made)
        return True

    async def _wait_for_copies(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._to_copy.wait()
        self._to_copy.clear()

    async def _wait(self, seconds: float) -> None:
        whole = self._uploads.whole
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await whole.wait()
        whole.clear()

    @contextlib.asynccontextmanager
    async def _work_folder(self) -> AsyncIterator[Path]:
        """A private folder, which goes whatever happens in it."""
        try:
            folder = Path(await _in_thread(lambda: mkdtemp(prefix="upload-", dir=self._folder)))
        except OSError as error:
            raise Refused(Code.UNAVAILABLE, "there is no room to look at files", 5.0) from error
        try:
            yield folder
        except OSError as error:
            raise Refused(Code.UNAVAILABLE, "a file cannot be looked at", 5.0) from error
        finally:
            await asyncio.shield(_in_thread(lambda: shutil.rmtree(folder, ignore_errors=True)))


async def _in_thread(call: Callable[[], T]) -> T:
    return await asyncio.to_thread(call)


def _hash_of(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await _in_thread(lambda: path.open("rb")) as file:
        while piece := await _in_thread(lambda: file.read(PIECE_BYTES)):
            yield piece
