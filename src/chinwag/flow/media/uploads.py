"""Uploads: begun, received in parts that outlive this server, looked at, thrown away.

Any server can go on with an upload: its parts lie in the `UploadStore`, and the Directory says which of them count and
where the next byte belongs. With the last byte the upload is `processing`, and `finish.py` makes it `ready`.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, Snowflake, UploadId
from chinwag.domain.media import clean_name
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.clock import HOUR_MS, Clock
from chinwag.ports.directory import Directory, Part, Upload, UploadRepository, UploadState
from chinwag.ports.upload_store import UploadStore

PART_BYTES: Final = 1 << 20
"""Bytes of one part: what of an upload is in memory."""
PARTS_USUAL: Final = 8_000
"""An upload of more than so many parts has longer ones."""
NOTED_BYTES: Final = 4 << 20
"""The Directory is told of what came at least so often."""
RECEIVING_OF_ACCOUNT: Final = 4
RECEIVING: Final = 128
"""Requests of an account, and of all, whose bytes are taken at once; one more is refused."""
POSTER_BYTES: Final = 1 << 20
LOOK_SECONDS: Final = 1.0
"""How often somebody who waits looks whether another server has finished."""
WAITING: Final = 5_000
"""So many wait for uploads at once."""
ROOM_TIMES: Final = 2
"""Room for so many times its size is needed to look at an upload: it is put together, and made anew."""
PROMISED_MS: Final = 600_000
"""Room is held for the bytes that an upload has announced, unless nothing came for so long: who only announces takes
none for ever."""


class UploadRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a file and of all that an account has; how many of its uploads may be unfinished, and for how long; how
    many may be ready that no message shows."""

    file_bytes: int = 100_000_000
    account_bytes: int = 5_000_000_000
    unfinished: int = 20
    unsent: int = 1_000
    unfinished_hours: int = 24


class WrongOffsetError(Exception):
    """The bytes do not begin where the upload ends; `upload` is as it is."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(f"the upload has {upload.received} bytes")
        self.upload = upload


class ChecksumError(Exception):
    """The bytes are not those of which the checksum was made. None of them count."""


class BrokenOffError(Exception):
    """Whoever sends has gone. What came of it counts."""


class Checksum(msgspec.Struct, frozen=True):
    """Of the bytes of one request: `sha1` or `sha256`, and the digest."""

    algorithm: str
    digest: bytes


class Uploads:
    """The uploads of all accounts, at one server."""

    def __init__(
        self, directory: Directory, store: UploadStore, ids: Snowflake, clock: Clock, rules: UploadRules
    ) -> None:
        self._directory = directory
        self._store = store
        self._ids = ids
        self._clock = clock
        self.rules: Final = rules
        self._receiving: dict[AccountId, int] = {}
        self._waiting: dict[UploadId, set[asyncio.Event]] = {}
        self._waiters = 0
        self._beginning = 0
        self.whole = asyncio.Event()
        """Set when an upload became whole here: for whoever looks at them."""

    async def begin(self, account: AccountId, name: str, size: int, *, picture: bool, metadata: str = "") -> Upload:
        """A new upload of `size` bytes. Raises `Refused`: `media_too_large`, `too_many`, `quota`, `storage_full`."""
        if size > self.rules.file_bytes:
            raise Refused(Code.MEDIA_TOO_LARGE, f"at most {self.rules.file_bytes} bytes")
        now = self._clock()
        upload = Upload(
            id=UploadId(self._ids.next(now)),
            account=account,
            name=clean_name(name),
            picture=picture,
            size=size,
            created_at=now,
            expires_at=self._expiry(now),
            metadata=metadata,
            state=UploadState.RECEIVING if size else UploadState.PROCESSING,
        )
        self._beginning += size
        try:
            await self._check_room(now)
            async with self._directory.transaction(account=account) as transaction:
                await self._check_account(transaction.uploads, account, size)
                await transaction.uploads.add(upload)
        finally:
            self._beginning -= size
        if not size:
            self.whole.set()
        return upload

    async def _check_room(self, now: int) -> None:
        """Whether the disk has room for what has been announced and has not come, here and elsewhere."""
        async with self._directory.reading() as directory:
            promised = await directory.uploads.promised(self._expiry(now) - PROMISED_MS)
        # the parts, and then room to look at them: without, they would be taken, and wait for it
        await self._store.check_room((1 + ROOM_TIMES) * (promised + self._beginning))

    async def _check_account(self, uploads: UploadRepository, account: AccountId, size: int) -> None:
        usage = await uploads.usage(account)
        if usage.unfinished >= self.rules.unfinished:
            raise Refused(Code.TOO_MANY, f"at most {self.rules.unfinished} unfinished uploads")
        if usage.size + size > self.rules.account_bytes:
            raise Refused(Code.QUOTA, f"at most {self.rules.account_bytes} bytes")
        most = self.rules.unsent
        if usage.ready >= most and await uploads.unsent_of(account, most) >= most:
            raise Refused(Code.QUOTA, f"at most {most} uploads that no message shows")

    async def get(self, account: AccountId, upload: UploadId) -> Upload:
        """One's own. Raises `no_upload`, the same for what is unknown and for another's."""
        async with self._directory.reading() as directory:
            found = await directory.uploads.get(upload)
        if found is None or found.account != account:
            raise Refused(Code.NO_UPLOAD)
        return found

    async def wait(self, account: AccountId, upload: UploadId, seconds: float) -> Upload:
        """As `get`, once it is no longer `processing`, after so many seconds at the latest."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        found = await self.get(account, upload)
        if found.state is not UploadState.PROCESSING or seconds <= 0:
            return found
        if self._waiters >= WAITING:
            raise Refused(Code.OVERLOADED, "too many wait for uploads", 5.0)
        event = asyncio.Event()
        self._waiting.setdefault(upload, set()).add(event)
        self._waiters += 1
        try:
            while found.state is UploadState.PROCESSING and (left := end - loop.time()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_SECONDS)):
                        await event.wait()
                event.clear()
                found = await self.get(account, upload)
        finally:
            self._waiters -= 1
            here = self._waiting[upload]
            here.discard(event)
            if not here:
                del self._waiting[upload]
        return found

    def finished(self, upload: UploadId) -> None:
        """It is ready, or gone: wake those that wait for it here."""
        for event in self._waiting.get(upload, ()):
            event.set()

    async def receive(
        self,
        account: AccountId,
        upload: UploadId,
        offset: int,
        body: AsyncIterator[bytes],
        checksum: Checksum | None = None,
    ) -> Upload:
        """Take bytes from `offset` on; the upload as it is then. They are durable on return, and what came before a
        failure is kept, but for bytes with a checksum: of those all count or none.

        Raises `Refused` (`no_upload`; `bad_media` for more than was declared; `storage_full`; `unavailable`;
        `rate_limited`, `overloaded`), `WrongOffsetError`, `ChecksumError`, and `BrokenOffError` as `body` does.
        """
        known = await self.get(account, upload)
        if known.state is not UploadState.RECEIVING or offset != known.received:
            raise WrongOffsetError(known)
        hashed = None if checksum is None else hashlib.new(checksum.algorithm, usedforsecurity=False)
        async with self._place(account):
            intake = _Intake(self, known, all_or_nothing=checksum is not None)
            try:
                try:
                    async for piece in body:
                        if hashed is not None:
                            hashed.update(piece)
                        await intake.take(piece)
                except BrokenOffError:
                    if checksum is None:
                        await intake.finish()
                    raise
                if (
                    checksum is not None
                    and hashed is not None
                    and not hmac.compare_digest(hashed.digest(), checksum.digest)
                ):
                    raise ChecksumError
                await intake.finish()
            finally:
                await self._drop(upload, intake.uncounted)
        passing("media.received")
        found = await self.get(account, upload)
        if found.state is UploadState.PROCESSING:
            self.whole.set()
        return found

    async def set_poster(self, account: AccountId, upload: UploadId, body: AsyncIterator[bytes]) -> None:
        """Keep the client's own poster of a video. Raises `Refused`: `no_upload` also if it is whole already,
        `media_too_large`, and as `receive`, among whose requests it counts."""
        found = await self.get(account, upload)
        if found.state is not UploadState.RECEIVING:
            raise Refused(Code.NO_UPLOAD, "it is whole already")
        async with self._place(account):
            image = bytearray()
            async for piece in body:
                image += piece
                if len(image) > POSTER_BYTES:
                    raise Refused(Code.MEDIA_TOO_LARGE, f"a poster has at most {POSTER_BYTES} bytes")
            await self._keep_poster(account, upload, bytes(image))

    async def _keep_poster(self, account: AccountId, upload: UploadId, image: bytes) -> None:
        await self._store.check_room(len(image))
        name = f"poster-{secrets.token_hex(8)}"
        await self._store.put(upload, name, image)
        async with self._directory.transaction(account=account) as transaction:
            before = await transaction.uploads.get(upload)
            is_set = before is not None and await transaction.uploads.set_poster(upload, name)
        if before is None or not is_set:
            await self._drop(upload, [name])
            raise Refused(Code.NO_UPLOAD, "it is whole already")
        if before.poster:
            await self._drop(upload, [before.poster])

    async def remove(self, account: AccountId, upload: UploadId) -> Upload | None:
        """Throw one's own away that is not ready. One that is stays and is returned: a message may be on its way that
        shows it, so it goes by itself once none does. Raises `no_upload`."""
        await self.get(account, upload)
        async with self._directory.transaction(account=account) as transaction:
            again = await transaction.uploads.get(upload)
            if again is None or again.state is UploadState.READY:
                return again
            await transaction.uploads.remove(upload)
        self.finished(upload)
        await self._store.remove(upload)
        return None

    async def _drop(self, upload: UploadId, parts: Sequence[str]) -> None:
        """Take away parts that do not count: no quota holds for the room that they take. What cannot go now goes with
        the upload."""
        if parts:
            with contextlib.suppress(Refused):
                await self._store.drop(upload, parts)

    def _expiry(self, now: int) -> int:
        return now + self.rules.unfinished_hours * HOUR_MS

    @asynccontextmanager
    async def _place(self, account: AccountId) -> AsyncIterator[None]:
        mine = self._receiving.get(account, 0)
        if mine >= RECEIVING_OF_ACCOUNT:
            raise Refused(Code.RATE_LIMITED, f"at most {RECEIVING_OF_ACCOUNT} requests upload at once", 1.0)
        if sum(self._receiving.values()) >= RECEIVING:
            raise Refused(Code.OVERLOADED, "too many upload", 2.0)
        self._receiving[account] = mine + 1
        try:
            yield
        finally:
            left = self._receiving[account] - 1
            if left:
                self._receiving[account] = left
            else:
                del self._receiving[account]

    async def keep(self, upload: UploadId, content: bytearray) -> str:
        """Put a part; its name."""
        name = secrets.token_hex(12)
        await self._store.check_room(len(content))
        await self._store.put(upload, name, bytes(content))
        return name

    async def note(self, upload: Upload, parts: list[Part]) -> None:
        """Let `parts` count. Raises `WrongOffsetError` if another request was quicker."""
        async with self._directory.transaction(account=upload.account) as transaction:
            if await transaction.uploads.received(upload.id, parts, self._expiry(self._clock())):
                return
        raise WrongOffsetError(await self.get(upload.account, upload.id))


class _Intake:
    """What one request brings, on its way to the stores."""

    def __init__(self, uploads: Uploads, upload: Upload, *, all_or_nothing: bool) -> None:
        self._uploads = uploads
        self._upload = upload
        self._all_or_nothing = all_or_nothing
        self._part_bytes = max(PART_BYTES, upload.size // PARTS_USUAL)
        self._gathered = bytearray()
        self._parts: list[Part] = []
        self._end = upload.received

    @property
    def uncounted(self) -> list[str]:
        """Names of parts that were put and certainly do not count."""
        return [part.name for part in self._parts]

    async def take(self, piece: bytes) -> None:
        """More bytes. Raises as `Uploads.receive`."""
        if self._end + len(self._gathered) + len(piece) > self._upload.size:
            raise Refused(Code.BAD_MEDIA, f"more bytes than the {self._upload.size} that were declared")
        self._gathered += piece
        if len(self._gathered) >= self._part_bytes:
            await self._put()
            unnoted = sum(part.size for part in self._parts)
            if unnoted >= NOTED_BYTES and not self._all_or_nothing:
                await self._note()

    async def finish(self) -> None:
        """All that came counts."""
        if self._gathered:
            await self._put()
        await self._note()

    async def _put(self) -> None:
        gathered, self._gathered = self._gathered, bytearray()
        name = await self._uploads.keep(self._upload.id, gathered)
        self._parts.append(Part(self._end, len(gathered), name))
        self._end += len(gathered)

    async def _note(self) -> None:
        if self._parts:
            parts, self._parts = self._parts, []  # of a failed transaction it is not known whether they count
            try:
                await self._uploads.note(self._upload, parts)
            except WrongOffsetError:
                self._parts = parts
                raise
            except Refused as refused:
                if refused.code is Code.TOO_MANY:
                    self._parts = parts
                raise
