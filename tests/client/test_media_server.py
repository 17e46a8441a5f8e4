"""Pictures, videos and files by the Python client and at the terminal, with a real server."""

import asyncio
import os
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from prove.process import ServerProcess
from tests.cli.terminals import PASSWORD, Pipes

from chinwag.cli.chat.sharing import own_name
from chinwag.cli.chat.words import file_size, media
from chinwag.client import ApiError, Client
from chinwag.client.media import PIECE_BYTES, NotBare
from chinwag.wire.values import Attach, ConversationId, Media, Message, MessageName, UploadId, direct_id


def photo() -> bytes:
    """A picture with something in it that nobody is to know."""
    made = BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "a camera of somebody"
    Image.effect_noise((1200, 900), 40).convert("RGB").save(made, "JPEG", exif=exif)
    return made.getvalue()


async def body_of(client: Client, conversation: ConversationId, number: int) -> Media:
    event = await client.message(conversation, number)
    assert isinstance(event, Message)
    assert isinstance(event.body, Media)
    return event.body


async def test_files_go_there_and_back(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    film, picture = tmp_path / "a film.bin", tmp_path / "holiday.jpg"
    film.write_bytes(os.urandom(2 * PIECE_BYTES + 4_321))
    picture.write_bytes(photo())
    ada = await Client.sign_up(process.url, "ada", PASSWORD)
    bob = await Client.sign_up(process.url, "bob", PASSWORD)
    eve = await Client.sign_up(process.url, "eve", PASSWORD)
    async with ada, bob, eve:
        talk = direct_id(ada.account, bob.account)
        told: list[tuple[int, int]] = []
        placed = await ada.send_file(
            film, to=bob.account, caption="for you", progress=lambda done, size: told.append((done, size))
        )
        assert told[-1] == (film.stat().st_size, film.stat().st_size)
        assert len(told) >= 4
        body = await body_of(bob, talk, placed.number)
        assert (body.name, body.size, body.caption) == ("a film.bin", film.stat().st_size, "for you")
        saved = tmp_path / "saved.bin"
        assert await bob.save_media(talk, placed.number, saved) == body.size
        assert saved.read_bytes() == film.read_bytes()

        shot = await ada.send_file(picture, to=bob.account, as_picture=True)
        body = await body_of(bob, talk, shot.number)
        assert (body.media_type, body.width, body.height) == ("image/webp", 1200, 900)
        original = b"".join([piece async for piece in bob.read_media(talk, shot.number)])
        assert b"a camera of somebody" not in original
        preview = b"".join([piece async for piece in bob.read_media(talk, shot.number, "320")])
        assert Image.open(BytesIO(preview)).size == (320, 240)

        with pytest.raises(ApiError):
            await eve.save_media(talk, placed.number, tmp_path / "stolen")
        assert not (tmp_path / "stolen").exists()
        with pytest.raises(ApiError) as refused:
            await eve.forward(MessageName(talk, placed.number), to=ada.account)
        assert refused.value.code in ("no_message", "no_conversation", "no_upload")
        on = await bob.forward(MessageName(talk, placed.number), to=eve.account)
        copy = tmp_path / "copy.bin"
        await eve.save_media(direct_id(bob.account, eve.account), on.number, copy)
        assert copy.read_bytes() == film.read_bytes()

        assert await bob.avatar(ada.account) is None
        upload = await ada.upload(picture, as_picture=True)
        assert (await ada.set_avatar(upload.id)).avatar
        shown = await bob.avatar(ada.account)
        assert shown is not None
        assert Image.open(BytesIO(shown)).size == (512, 512)
        await ada.drop_avatar()
        assert await bob.avatar(ada.account) is None
        group = (await ada.create_group("friends", [bob.account])).conversation
        upload = await ada.upload(picture, as_picture=True)
        await ada.set_group_avatar(group, upload.id)
        assert await bob.group_avatar(group) is not None
        with pytest.raises(ApiError):
            await bob.set_group_avatar(group, upload.id)
        await ada.drop_group_avatar(group)
        assert await bob.group_avatar(group) is None


async def test_media_are_listed_and_opened_by_a_link_and_a_poster_is_taken(
    process: ServerProcess, tmp_path: Path
) -> None:
    await process.start()
    film = tmp_path / "film.webm"
    film.write_bytes(b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + os.urandom(5_000))
    ada = await Client.sign_up(process.url, "ada", PASSWORD)
    bob = await Client.sign_up(process.url, "bob", PASSWORD)
    async with ada, bob:
        talk = direct_id(ada.account, bob.account)
        numbers = []
        for _ in range(3):
            upload = await ada.upload(film, poster=photo())
            assert upload.size == film.stat().st_size
            placed = await ada.send(Attach(UploadId(upload.id)), to=bob.account)
            numbers.append(placed.number)
        await ada.send("a word", to=bob.account)
        async with asyncio.timeout(60):
            while True:
                page = await bob.media_in(talk, limit=10)
                if len(page.events) == 3:
                    break
                await asyncio.sleep(0.1)
        assert [event.number for event in page.events if isinstance(event, Message)] == numbers[::-1]
        first = await bob.media_in(talk, limit=2)
        assert len(first.events) == 2
        rest = await bob.media_in(talk, before=first.next, limit=2)
        assert [event.number for event in rest.events if isinstance(event, Message)] == numbers[:1]
        link = await bob.media_link(talk, numbers[0])
        async with httpx2.AsyncClient(trust_env=False) as stranger:
            assert (await stranger.get(link.url)).content == film.read_bytes()


async def test_a_picture_that_tells_still_where_it_was_taken_is_not_sent_as_one(
    process: ServerProcess, tmp_path: Path
) -> None:
    await process.start()
    drawing = tmp_path / "drawing.tiff"
    Image.new("RGB", (20, 10)).save(drawing, "TIFF", description="a camera of somebody")
    ada = await Client.sign_up(process.url, "ada", PASSWORD)
    bob = await Client.sign_up(process.url, "bob", PASSWORD)
    async with ada, bob:
        with pytest.raises(NotBare) as held:
            await ada.send_file(drawing, to=bob.account, as_picture=True)
        placed = await ada.send(Attach(UploadId(held.value.upload)), to=bob.account)
        assert placed.number == 1, "nothing was sent before"
        photo_file = tmp_path / "holiday.jpg"
        photo_file.write_bytes(photo())
        assert (await ada.upload(photo_file, as_picture=True)).bare
        assert not (await ada.upload(photo_file)).bare


async def test_an_upload_goes_on_after_the_server_was_killed(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    film = tmp_path / "a film.bin"
    film.write_bytes(os.urandom(4 * PIECE_BYTES))
    store = tmp_path / "store"
    ada = await Client.sign_up(process.url, "ada", PASSWORD, store=store)
    arrived = asyncio.Event()
    uploading = asyncio.create_task(ada.upload(film, progress=lambda done, _: arrived.set() if done else None))
    await arrived.wait()
    await process.kill()
    uploading.cancel()
    await asyncio.gather(uploading, return_exceptions=True)
    await ada.close()
    await process.start()
    async with await Client.log_in(process.url, "ada", PASSWORD) as again:
        size = film.stat().st_size
        upload = await again._begin(size, film.name, "file")
        await again._patch(upload, 0, film.read_bytes()[:PIECE_BYTES], size)
        await process.kill()
        await process.start()
    async with await Client.log_in(process.url, "ada", PASSWORD) as last:
        told: list[int] = []
        found = await last.resume_upload(upload, film, progress=lambda done, _: told.append(done))
        assert told[0] == PIECE_BYTES
        assert (found.state, found.received) == ("ready", size)


async def test_files_are_sent_and_saved_at_the_terminal(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    notes = tmp_path / "my notes.txt"
    notes.write_text("apples\n")
    chats = []
    for name in ("ada", "bob"):
        chat = await Pipes.open(tmp_path / name, "--server", process.url, "--name", name, "--sign-up")
        await chat.sees("No conversations yet")
        chats.append(chat)
    ada, bob = chats
    ada.type("/open bob")
    ada.type(f"/send {notes}: what to buy")
    await ada.sees("[1] you: (file, 7 bytes) my notes.txt: what to buy")
    await bob.sees("• ada (1 new) (file, 7 bytes) my notes.txt: what to buy")
    bob.type("/open ada")
    await bob.sees("[1] ada: (file, 7 bytes) my notes.txt: what to buy")
    target = tmp_path / "got it.txt"
    bob.type(f"/save 1 {target}")
    await bob.sees("7 bytes")
    assert target.read_text() == "apples\n"
    bob.type(f"/save 1 {target}")
    await bob.sees("is there already")
    ada.type("/send /nowhere/at all")
    await ada.sees("There is no file")
    ada.type("hello")
    await bob.sees("[2] ada: hello")
    bob.type("/save 2")
    await bob.sees("[2] is no file.")
    for chat in chats:
        assert await chat.leave() == 1, "something did not work, which was told"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "etcpasswd"),
        (".bashrc", "bashrc"),
        ("", "file"),
        ("..", "file"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_of_somebody_else_stays_in_this_folder(name: str, kept: str) -> None:
    assert own_name(name) == kept


def test_files_are_told_in_a_few_words() -> None:
    film = Media(UploadId("1"), "film.mp4", "video/mp4", 12_345_678, 1920, 1080, 83.4)
    assert media(film) == "(video, 1920 × 1080, 1:23, 12 MB) film.mp4"
    assert [file_size(one) for one in (0, 999, 1000, 1_234_567, 10**13)] == [
        "0 bytes",
        "999 bytes",
        "1.0 KB",
        "1.2 MB",
        "10 TB",
    ]
