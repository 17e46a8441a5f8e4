"""Sends of media among texts: who waits for what."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.support.device import Device, texts
from tests.support.media import Filer
from tests.support.people import Crowd, begin_group
from tests.support.places import InProcess

from chinwag.assembly import open_server
from chinwag.config import Config, sections
from chinwag.domain.ids import ClientId, UploadId
from chinwag.domain.media import Traits
from chinwag.ports.directory import MadeFile, MadeKind, Part, Upload, UploadState
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Attach, ConversationId, Media, Message, Text


@pytest.fixture
async def pair(crowd: Crowd) -> AsyncIterator[tuple[Device, Device, ConversationId, Filer]]:
    ann, ben = await crowd.people("ann", "ben")
    group = await begin_group(ann, ben)
    filer = Filer(ann)
    yield ann, ben, group, filer
    await filer.close()


async def test_with_the_directory_away_media_wait_and_texts_do_not(
    crowd: Crowd, pair: tuple[Device, Device, ConversationId, Filer]
) -> None:
    ann, ben, group, filer = pair
    upload = await filer.upload(b"data", "a.txt")
    placed = await ann.ask(Send(ClientId("first"), Attach(UploadId(upload["id"])), group))
    assert isinstance(placed, Ack), placed
    file = crowd.process.data / "directory.sqlite"
    folder = file.parent / "away"
    folder.mkdir()
    away = [one.rename(folder / one.name) for one in file.parent.glob(f"{file.name}*")]
    refused = await ann.ask(Send(ClientId("later"), Attach(UploadId(upload["id"])), group))
    assert isinstance(refused, Error)
    assert (refused.code, refused.retryable) == ("unavailable", True)
    assert isinstance(await ben.ask(Send(ClientId("text"), Text("chatting on"), group)), Ack)
    again = await ann.ask(Send(ClientId("first"), Attach(UploadId(upload["id"])), group))
    assert again == placed, "what has its answer needs no directory"
    for one in away:
        one.rename(file.parent / one.name)
    assert isinstance(await ann.ask(Send(ClientId("later"), Attach(UploadId(upload["id"])), group)), Ack)


async def test_texts_of_others_pass_a_send_that_waits_and_ones_own_do_not(at_hand_media: InProcess) -> None:
    place = at_hand_media
    crowd = Crowd.__new__(Crowd)
    crowd.place, crowd.devices = place, []  # type: ignore[assignment]
    ann, ben = await crowd.people("ann", "ben")
    group = await begin_group(ann, ben)
    directory = place.server.ports.directory
    upload = Upload(
        id=UploadId("7"),
        account=ann.account,
        name="a.txt",
        picture=False,
        size=3,
        created_at=1,
        expires_at=1 << 50,
        held_until=1 << 50,  # by a server that takes its time
    )
    async with directory.transaction(account=ann.account) as transaction:
        await transaction.uploads.add(upload)
        await transaction.uploads.received(upload.id, [Part(0, 3, "p")], 1 << 50)
    media = asyncio.create_task(ann.ask(Send(ClientId("media"), Attach(upload.id), group)))
    await asyncio.sleep(0)
    behind = asyncio.create_task(ann.ask(Send(ClientId("behind"), Text("behind"), group, after=ClientId("media"))))
    assert isinstance(await ben.ask(Send(ClientId("other"), Text("passing by"), group)), Ack)
    await ann.until(lambda: "passing by" in texts(ann), "a message")
    assert not media.done()
    assert not behind.done()
    async with directory.transaction(account=ann.account) as transaction:
        file = MadeFile(MadeKind.ORIGINAL, "a" * 64, 3, "application/octet-stream")
        assert await transaction.uploads.ready(upload.id, Traits("application/octet-stream", 3), [file], 1 << 50)
        again = await transaction.uploads.get(upload.id)
        assert again is not None
        assert again.state is UploadState.READY
    first, second = await media, await behind
    assert isinstance(first, Ack), first
    assert isinstance(second, Ack), second
    assert second.number == first.number + 1
    await ben.until(lambda: "behind" in texts(ben), "a message")
    seen = [one.event for one in ben.seen if isinstance(one.event, Message)]
    assert [type(event.body) for event in seen][-2:] == [Media, Text]
    await crowd.leave()


@pytest.fixture
async def at_hand_media(tmp_path: Path) -> AsyncIterator[InProcess]:
    """A server in this process."""
    config = Config(
        data=sections.Data(path=tmp_path / "data"), server=sections.Server(port=0), observe=sections.Observe(port=0)
    )
    server = await open_server(config)
    server.legs.accounts.passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    try:
        await server.start()
        yield InProcess(server)
    finally:
        await server.stop()
