"""Reads of media that take long: what becomes of whoever may not read on."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.flow.test_media_sends import at_hand_media  # noqa: F401 - a fixture
from tests.support.device import Device
from tests.support.people import Crowd, begin_group
from tests.support.places import InProcess

from chinwag.domain.ids import ClientId, UploadId
from chinwag.domain.media import Traits
from chinwag.ports.directory import MadeFile, MadeKind, Upload, UploadState
from chinwag.roles.api import media as media_routes
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Attach

CONTENT = secrets.token_bytes(3 << 20)


class Reader:
    """A request for media whose answer is taken a piece at a time."""

    def __init__(self, place: InProcess, device: Device, path: str) -> None:
        self.got = bytearray()
        self.goes_on = asyncio.Event()
        self.begun = asyncio.Event()
        headers = [(b"authorization", f"Bearer {device.token}".encode()), (b"host", b"memory")]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("memory", 80),
        }
        self.task = asyncio.create_task(place.server.app(scope, self._nothing, self._take))

    async def _nothing(self) -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _take(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.got += message["body"]
            self.begun.set()
            await self.goes_on.wait()

    async def end(self) -> bytes:
        """Take all that comes."""
        self.goes_on.set()
        await asyncio.gather(self.task, return_exceptions=True)
        return bytes(self.got)


async def _sent(place: InProcess, ann: Device, group: Any, media_type: str = "application/octet-stream") -> str:
    """The address of a large file that Ann has sent."""

    async def pieces() -> AsyncIterator[bytes]:
        yield CONTENT

    ports = place.server.ports
    blob = await ports.media_store.put(pieces())
    upload = Upload(
        id=UploadId("7"),
        account=ann.account,
        name="a.bin",
        picture=False,
        size=len(CONTENT),
        created_at=1,
        expires_at=1 << 50,
        held_until=1 << 50,
        state=UploadState.PROCESSING,
    )
    file = MadeFile(MadeKind.ORIGINAL, blob.hash, blob.size, media_type)
    async with ports.directory.transaction(account=ann.account) as transaction:
        await transaction.uploads.add(upload)
        assert await transaction.uploads.ready(upload.id, Traits(file.media_type, blob.size), [file], 1 << 50)
    placed = await ann.ask(Send(ClientId("media"), Attach(upload.id), group))
    assert isinstance(placed, Ack), placed
    return f"/v1/conversations/{group}/messages/{placed.number}/media"


@pytest.mark.parametrize("ending", ["nothing", "deletion", "log-out"])
async def test_an_answer_under_way_ends_with_the_right_to_read_it(
    at_hand_media: InProcess,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
) -> None:
    monkeypatch.setattr(media_routes, "LOOK_AGAIN_SECONDS", 0.0)
    place = at_hand_media
    crowd = Crowd.__new__(Crowd)
    crowd.place, crowd.devices = place, []  # type: ignore[assignment]
    ann, ben = await crowd.people("ann", "ben")
    group = await begin_group(ann, ben)
    at = await _sent(place, ann, group)
    reader = Reader(place, ben, at)
    await reader.begun.wait()
    if ending == "deletion":
        assert (await place.request("DELETE", at.removesuffix("/media"), token=ann.token)).status_code == 200
    elif ending == "log-out":
        assert (await place.request("DELETE", "/v1/sessions/current", token=ben.token)).status_code == 204
    got = await reader.end()
    assert CONTENT.startswith(got)
    assert (got == CONTENT) == (ending == "nothing")
    await crowd.leave()


async def test_a_link_goes_on_with_the_bytes_that_it_began_with(at_hand_media: InProcess) -> None:  # noqa: F811
    """A video that is played by ranges while its smaller copy is made would else go on in the middle of that."""
    place = at_hand_media
    crowd = Crowd.__new__(Crowd)
    crowd.place, crowd.devices = place, []  # type: ignore[assignment]
    ann, ben = await crowd.people("ann", "ben")
    at = await _sent(place, ann, await begin_group(ann, ben), "video/mp4")

    async def copy() -> AsyncIterator[bytes]:
        yield b"a smaller copy"

    async def played() -> tuple[bytes, bytes]:
        """By the link that there was before, and by a new one."""
        new = (await place.request("GET", f"{at}/play?link=1", token=ben.token)).json()["url"]
        return (await place.request("GET", link)).content, (await place.request("GET", new)).content

    link = (await place.request("GET", f"{at}/play?link=1", token=ben.token)).json()["url"]
    assert await played() == (CONTENT, CONTENT)
    ports = place.server.ports
    blob = await ports.media_store.put(copy())
    async with ports.directory.transaction(account=ann.account) as transaction:
        file = MadeFile(MadeKind.PLAY, blob.hash, blob.size, "video/mp4")
        assert await transaction.uploads.add_file(UploadId("7"), file)
    assert await played() == (CONTENT, b"a smaller copy")
    await crowd.leave()
