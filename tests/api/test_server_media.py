"""Media over HTTP, on a whole server: uploads, what they become, and who may read them."""

import asyncio
import hashlib
import io
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from prove.process import ServerProcess
from tests.support.media import Filer, picture
from tests.support.people import Crowd, begin_group
from tusclient.client import TusClient

TUS: Any = {"tus_resumable": "1.0.0"}


@pytest.fixture
async def filers(crowd: Crowd) -> AsyncIterator[list[Filer]]:
    """Ann, Ben and Cyd."""
    async with AsyncExitStack() as stack:
        found = [Filer(device) for device in await crowd.people("ann", "ben", "cyd")]
        for filer in found:
            stack.push_async_callback(filer.close)
        yield found


async def _group(filers: list[Filer]) -> str:
    return str(await begin_group(*(filer.device for filer in filers)))


async def test_a_picture_is_made_anew_sent_and_read(filers: list[Filer]) -> None:
    ann, ben, cyd = filers
    group = await _group([ann, ben])
    upload = await ann.upload(picture(3000, 1500), "../holi\u202eday.jpg", "picture")
    media = upload["media"]
    assert media["name"] == "holiday.jpg"
    assert (media["width"], media["height"]) == (2560, 1280)
    assert media["media_type"] == "image/webp"
    placed = await ann.send(group, {"upload": upload["id"], "caption": "the sea"}, "once")
    again = await ann.send(group, {"upload": upload["id"], "caption": "the sea"}, "once")
    assert placed.status_code == 201, placed.text
    number = placed.json()["number"]
    assert again.json()["number"] == number, "a retry is no copy"
    other = await ann.send(group, {"upload": upload["id"], "caption": "another sea"}, "once")
    assert other.json()["code"] == "id_reused"
    body = await ben.message(group, number)
    assert body == {**media, "type": "media", "caption": "the sea"}
    at = f"/v1/conversations/{group}/messages/{number}/media"
    whole = await ben.ask("GET", at)
    assert whole.headers["content-type"] == "image/webp"
    assert len(whole.content) == media["size"]
    for side in (320, 1280):
        preview = await ben.ask("GET", f"{at}/{side}")
        assert max(Image.open(io.BytesIO(preview.content)).size) == side
        assert preview.headers["content-disposition"].startswith("inline")
    for path in (at, f"{at}/320", f"{at}/play", f"{at}?link=1", f"/v1/conversations/{group}/media"):
        assert (await cyd.ask("GET", path)).status_code == 404, path
    assert hashlib.sha256(whole.content).hexdigest() not in (await ben.client.get(at)).headers["etag"]


async def test_ranges_are_answered_and_nothing_is_kept(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    content = bytes(range(256)) * 40
    upload = await ann.upload(content, "a b.bin")
    assert upload["media"]["media_type"] == "application/octet-stream"
    number = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
    at = f"/v1/conversations/{group}/messages/{number}/media"
    whole = await ben.ask("GET", at)
    assert whole.content == content
    assert whole.headers["cache-control"] == "private, no-cache"
    assert whole.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"] == "attachment; filename=\"a b.bin\"; filename*=UTF-8''a%20b.bin"
    tag = whole.headers["etag"]
    size = len(content)
    for asked, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=10000-", 10000, size - 1),
        ("bytes=-7", size - 7, size - 1),
    ):
        part = await ben.ask("GET", at, range=asked)
        assert (part.status_code, part.content) == (206, content[first : last + 1]), asked
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
    beyond = await ben.ask("GET", at, range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=1-2,4-5", "lines=1-2", "bytes=9-5", "bytes=-"):
        assert (await ben.ask("GET", at, range=asked)).status_code == 200, asked
    assert (await ben.ask("GET", at, range="bytes=1-2", if_range=tag)).status_code == 206
    assert (await ben.ask("GET", at, range="bytes=1-2", if_range='"other"')).content == content
    assert (await ben.ask("GET", at, if_none_match=tag)).status_code == 304


async def test_a_head_says_what_a_get_would(filers: list[Filer]) -> None:
    ann, ben, cyd = filers
    group = await _group([ann, ben])
    upload = await ann.upload(picture(), "a.jpg", "picture")
    number = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
    at = f"/v1/conversations/{group}/messages/{number}/media"
    link = (await ben.ask("GET", f"{at}?link=1")).json()["url"]
    for path in (at, f"{at}/320", f"{at}/1280", f"{at}/play", link):
        got, asked = await ben.ask("GET", path), await ben.ask("HEAD", path)
        assert (asked.status_code, asked.content) == (200, b""), path
        for name in ("content-length", "content-type", "etag", "accept-ranges", "content-disposition", "cache-control"):
            assert asked.headers[name] == got.headers[name], (path, name)
    part = await ben.ask("HEAD", at, range="Bytes=1-5")
    assert (part.status_code, part.headers["content-length"]) == (206, "5")
    assert (await ben.ask("HEAD", at, if_none_match="*")).status_code == 304
    for path in (at, f"{at}/320"):
        assert (await cyd.ask("HEAD", path)).status_code == 404
    assert (await ben.ask("HEAD", link[:-3] + "abc")).status_code == 401


async def test_whoever_may_not_read_the_message_any_more_may_not_read_its_media(filers: list[Filer]) -> None:
    ann, ben, cyd = filers
    group = await _group(filers)
    upload = await ann.upload(b"before", "a.txt")
    first = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
    link = (await cyd.ask("GET", f"/v1/conversations/{group}/messages/{first}/media?link=1")).json()["url"]
    assert (await ben.client.get(link, headers={"authorization": ""})).content == b"before"
    change = {"change": {"type": "remove", "account": cyd.device.account}}
    removed = await ann.client.post(f"/v1/conversations/{group}/changes", json=change)
    assert removed.status_code == 201, removed.text
    later = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
    at = "/v1/conversations/{}/messages/{}/media"
    assert (await cyd.ask("GET", at.format(group, first))).content == b"before", "as with texts: up to where it left"
    assert (await cyd.ask("GET", at.format(group, later))).json()["code"] == "no_message"
    assert (await cyd.send(group, {"from": {"conversation": group, "number": later}})).json()["code"] == "no_message"
    deleted = await ann.ask("DELETE", f"/v1/conversations/{group}/messages/{first}")
    assert deleted.status_code == 200
    for who in (ann, ben, cyd):
        assert (await who.ask("GET", at.format(group, first))).json()["code"] == "message_deleted"
    assert (await ben.client.get(link)).json()["code"] == "message_deleted"


async def test_links_end_with_the_device_and_cannot_be_forged(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    upload = await ann.upload(b"x" * 100, "a.bin")
    number = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
    link = (await ben.ask("GET", f"/v1/conversations/{group}/messages/{number}/media?link=1")).json()["url"]
    assert link.startswith("/v1/media-links/")
    part = await ann.client.get(link, headers={"authorization": "", "range": "bytes=1-5"})
    assert (part.status_code, part.content) == (206, b"x" * 5)
    assert (await ann.client.get(link[:-3] + "abc")).status_code == 401
    assert (await ann.client.get("/v1/media-links/m1.aaaa.bbbb")).status_code == 401
    assert (await ben.ask("DELETE", "/v1/sessions/current")).status_code == 204
    assert (await ann.client.get(link)).json()["code"] == "revoked"


async def test_nobody_sends_or_sees_anothers_upload(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    upload = await ann.upload(b"mine", "a.txt")
    begun = await ann.ask("POST", "/v1/media", **TUS, upload_length="10")
    unfinished = begun.headers["location"].rpartition("/")[2]
    for who, name in ((ben, upload["id"]), (ben, "12345"), (ann, unfinished), (ben, unfinished)):
        refused = await who.send(group, {"upload": name})
        assert (refused.status_code, refused.json()["code"]) == (404, "no_upload"), name
    for path in (f"/v1/media/{upload['id']}", "/v1/media/12345"):
        assert (await ben.ask("GET", path)).json()["code"] == "no_upload"
    assert (await ben.ask("DELETE", f"/v1/media/{unfinished}")).status_code == 404
    patch: Any = {"content_type": "application/offset+octet-stream", "upload_offset": "0"}
    assert (await ben.ask("PATCH", f"/v1/media/{unfinished}", b"0123456789", **TUS, **patch)).status_code == 404
    assert (
        await ann.send(group, {"upload": upload["id"], "from": {"conversation": group, "number": 1}})
    ).status_code == 400


async def test_media_are_passed_on_by_whoever_may_read_them(filers: list[Filer]) -> None:
    ann, ben, cyd = filers
    one, two = await _group([ann, ben]), await _group([ben, cyd])
    upload = await ann.upload(b"story", "story.txt")
    number = (await ann.send(one, {"upload": upload["id"], "caption": "read"})).json()["number"]
    source = {"from": {"conversation": one, "number": number}}
    refused = await cyd.send(two, source)
    assert refused.json()["code"] == "no_conversation"
    passed = await ben.send(two, {**source, "caption": "from ann"})
    assert passed.status_code == 201, passed.text
    there = passed.json()["number"]
    assert (await cyd.message(two, there))["caption"] == "from ann"
    assert (await cyd.ask("GET", f"/v1/conversations/{two}/messages/{there}/media")).content == b"story"
    assert (await ann.ask("DELETE", f"/v1/conversations/{one}/messages/{number}")).status_code == 200
    assert (await cyd.ask("GET", f"/v1/conversations/{two}/messages/{there}/media")).content == b"story"
    assert (await ben.send(two, source)).json()["code"] == "message_deleted"


async def test_a_caption_is_changed_and_found_and_the_media_stay(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    upload = await ann.upload(b"data", "table.csv")
    number = (await ann.send(group, {"upload": upload["id"], "caption": "first"})).json()["number"]
    at = f"/v1/conversations/{group}/messages/{number}"
    edited = await ann.client.put(
        at, json={"body": {"type": "media", "caption": "zebra crossing", "mentions": [ben.device.account]}}
    )
    assert edited.status_code == 200, edited.text
    body = await ben.message(group, number)
    assert (body["caption"], body["id"], body["size"]) == ("zebra crossing", upload["id"], 4)
    assert (await ann.client.put(at, json={"body": {"type": "text", "text": "x"}})).json()["code"] == "unsupported"
    found: list[str] = []
    async with asyncio.timeout(60):
        while not found:
            await asyncio.sleep(0.1)
            found = (await ben.ask("GET", "/v1/search?q=zebra")).json()["hits"]
    assert len(found) == 1


async def test_a_file_is_never_a_page(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    for name, content in (
        ("a.html", b"<script>alert(1)</script>"),
        ("a.png", b"<!doctype html><script>alert(1)</script>"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("a.pdf", b"%PDF-1.7\n"),
        ("a.xml", b'<?xml version="1.0"?><a/>'),
        ("", b"no name"),
        ("empty", b""),
    ):
        upload = await ann.upload(content, name, "picture")
        number = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
        got = await ben.ask("GET", f"/v1/conversations/{group}/messages/{number}/media")
        assert got.content == content
        assert got.headers["content-type"] == "application/octet-stream", name
        assert got.headers["content-disposition"].startswith("attachment"), name
        preview = await ben.ask("GET", f"/v1/conversations/{group}/messages/{number}/media/320")
        assert preview.status_code == 404


async def test_the_page_of_a_conversations_media(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    upload = await ann.upload(b"data", "a.txt")
    numbers = []
    for _ in range(5):
        numbers.append((await ann.send(group, {"upload": upload["id"]})).json()["number"])
        text = {"body": {"type": "text", "text": "between"}}
        await ann.client.post(f"/v1/conversations/{group}/messages", json=text)
    await ann.ask("DELETE", f"/v1/conversations/{group}/messages/{numbers[1]}")
    expected = [numbers[at] for at in (4, 3, 2, 0)]
    async with asyncio.timeout(60):
        while True:
            found: list[int] = []
            before = ""
            while True:
                page = (await ben.ask("GET", f"/v1/conversations/{group}/media?limit=2{before}")).json()
                found += [event["number"] for event in page["events"]]
                if page["next"] is None:
                    break
                before = f"&before={page['next']}"
            if len(found) >= 4:
                break
            await asyncio.sleep(0.1)
    assert found == expected


# tus


async def test_tus_says_what_it_can(filers: list[Filer]) -> None:
    ann = filers[0]
    told = await ann.client.options("/v1/media")
    assert told.status_code == 204
    assert told.headers["tus-version"] == "1.0.0"
    assert told.headers["tus-extension"] == "creation,termination,expiration,checksum"
    assert told.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert int(told.headers["tus-max-size"]) == 100_000_000
    assert (await ann.ask("POST", "/v1/media", tus_resumable="0.9")).status_code == 412
    long = await ann.ask("POST", "/v1/media", **TUS, upload_length="100000001")
    assert (long.status_code, long.json()["code"]) == (413, "media_too_large")


async def test_tus_goes_on_where_it_broke_off(filers: list[Filer]) -> None:
    ann = filers[0]
    content = bytes(range(256)) * 1000
    name = b64encode("caf\u00e9.txt".encode()).decode()
    said = f"filename {name},as {b64encode(b'file').decode()}"
    begun = await ann.ask("POST", "/v1/media", **TUS, upload_length=str(len(content)), upload_metadata=said)
    assert begun.status_code == 201, begun.text
    at = begun.headers["location"]
    patch: Any = {"content_type": "application/offset+octet-stream"}
    wrong = await ann.ask("PATCH", at, b"x", **TUS, **patch, upload_offset="1")
    assert (wrong.status_code, wrong.headers["upload-offset"]) == (409, "0")
    other = await ann.ask("PATCH", at, b"x", **TUS, upload_offset="0", content_type="application/octet-stream")
    assert other.status_code == 415
    half = len(content) // 2
    first = await ann.ask("PATCH", at, content[:half], **TUS, **patch, upload_offset="0")
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(half))
    bad = f"sha1 {b64encode(hashlib.sha1(b'other').digest()).decode()}"
    refused = await ann.ask("PATCH", at, content[half:], **TUS, **patch, upload_offset=str(half), upload_checksum=bad)
    assert refused.status_code == 460
    head = await ann.ask("HEAD", at, **TUS)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(half), str(len(content)))
    assert head.headers["upload-metadata"] == said
    assert head.headers["cache-control"] == "no-store"
    assert "upload-expires" in head.headers
    more = await ann.ask("PATCH", at, content[half:] + b"!", **TUS, **patch, upload_offset=str(half))
    assert more.json()["code"] == "bad_media"
    good = f"sha256 {b64encode(hashlib.sha256(content[half:]).digest()).decode()}"
    last = await ann.ask("PATCH", at, content[half:], **TUS, **patch, upload_offset=str(half), upload_checksum=good)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(content)))
    ready = await ann.ready(at.rpartition("/")[2])
    assert (ready["name"], ready["media"]["size"], ready["as"]) == ("caf\u00e9.txt", len(content), "file")
    begun = await ann.ask("POST", "/v1/media", **TUS, upload_length="5")
    assert (await ann.ask("DELETE", begun.headers["location"], **TUS)).status_code == 204
    assert (await ann.ask("HEAD", begun.headers["location"], **TUS)).status_code == 404


async def test_a_client_that_we_did_not_write_uploads(filers: list[Filer], tmp_path: Path) -> None:
    ann = filers[0]
    content = picture(1200, 800, "PNG")
    file = tmp_path / "p.png"
    file.write_bytes(content)

    def run() -> str:
        client = TusClient(
            str(ann.client.base_url).rstrip("/") + "/v1/media",
            headers={"Authorization": f"Bearer {ann.device.token}"},
        )
        uploader = client.uploader(
            str(file), chunk_size=100_000, metadata={"filename": "p.png", "as": "picture"}, upload_checksum=True
        )
        uploader.upload(stop_at=250_000)
        again = client.uploader(str(file), chunk_size=200_000, url=uploader.url, upload_checksum=True)
        again.upload()
        return str(uploader.url)

    url = await asyncio.to_thread(run)
    ready = await ann.ready(url.rpartition("/")[2])
    assert (ready["media"]["width"], ready["media"]["height"]) == (1200, 800)


async def test_refusals_of_tus_speak_tus(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    begun = (await ann.ask("POST", "/v1/media", **TUS, upload_length="10")).headers["location"]
    patch: Any = {"content_type": "application/offset+octet-stream"}
    refused = [
        await ann.ask("POST", "/v1/media", **TUS, upload_length="100000001"),
        await ann.ask("POST", "/v1/media", **TUS, upload_length="ten"),
        await ann.ask("PATCH", begun, b"x" * 11, **TUS, **patch, upload_offset="0"),
        await ben.ask("HEAD", begun, **TUS),
        await ben.ask("DELETE", begun, **TUS),
        await ben.ask("PATCH", begun, b"x", **TUS, **patch, upload_offset="0"),
    ]
    for answer in refused:
        assert answer.status_code >= 400
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["cache-control"] == "no-store"


async def test_what_is_ready_is_not_thrown_away_and_says_so(filers: list[Filer]) -> None:
    ann = filers[0]
    upload = await ann.upload(b"data", "a.txt")
    answer = await ann.ask("DELETE", f"/v1/media/{upload['id']}", **TUS)
    assert (answer.status_code, answer.json()) == (200, upload)
    assert answer.headers["tus-resumable"] == "1.0.0"


async def test_whoever_goes_away_in_the_middle_is_no_error_of_the_server(
    filers: list[Filer], process: ServerProcess
) -> None:
    """Else anybody could fill the disk with what the log says of it."""
    ann = filers[0]
    begun = (await ann.ask("POST", "/v1/media", **TUS, upload_length="100000")).headers["location"]
    at = urlsplit(process.url)
    said = {
        f"PATCH {begun}": "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream",
        f"PUT {begun}/poster": "Content-Type: image/png",
        "POST /v1/media": "Content-Type: application/octet-stream",
    }
    for line, headers in said.items():
        _, writing = await asyncio.open_connection(at.hostname, at.port)
        head = f"{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ann.device.token}\r\nContent-Length: 90000\r\n"
        writing.write(f"{head}{headers}\r\n\r\n".encode() + bytes(5_000))
        await writing.drain()
        assert (await ann.ask("HEAD", begun, **TUS)).status_code == 200  # it has come to the server
        writing.close()
        await writing.wait_closed()
    for _ in range(3):
        assert (await ann.ask("HEAD", begun, **TUS)).status_code == 200
    await process.stop()
    assert "request failed" not in process.log()


async def test_posters_count_among_the_requests_that_bring_bytes(filers: list[Filer], process: ServerProcess) -> None:
    """Each holds a megabyte of the server's memory for as long as its sender likes."""
    ann = filers[0]
    begun = (await ann.ask("POST", "/v1/media", **TUS, upload_length="100000")).headers["location"]
    at = urlsplit(process.url)
    head = f"PUT {begun}/poster HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ann.device.token}\r\n"
    head += "Content-Length: 1000000\r\nContent-Type: image/png\r\n\r\n"
    open_ = []
    for _ in range(20):
        reading, writing = await asyncio.open_connection(at.hostname, at.port)
        writing.write(head.encode() + bytes(100_000))
        open_.append((reading, writing))
    refused = [asyncio.create_task(reading.read(12)) for reading, _ in open_]
    done = 0
    async with asyncio.timeout(60):
        for answer in asyncio.as_completed(refused):
            assert (await answer) == b"HTTP/1.1 429"
            done += 1
            if done == 16:
                break
    for task in refused:
        task.cancel()
    for _, writing in open_:
        writing.close()


async def test_what_others_have_in_the_folder_of_work_stays(process: ServerProcess, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "of others").mkdir(parents=True)
    (shared / "of others" / "thesis").write_bytes(b"three years")
    (shared / "letter").write_bytes(b"dear")
    for path in (shared / "of others", shared / "letter"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    await process.start("--media-work-path", str(shared))
    people = Crowd(process)
    ann = Filer(await people.person("ann"))
    assert (await ann.upload(picture(), "a.jpg", "picture"))["bare"]
    await ann.close()
    await people.leave()
    assert (shared / "of others" / "thesis").read_bytes() == b"three years"
    assert (shared / "letter").read_bytes() == b"dear"


async def test_what_is_sent_as_a_form_is_none(filers: list[Filer]) -> None:
    ann = filers[0]
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        assert (await ann.ask("POST", "/v1/media", b"x", content_type=kind)).json()["code"] == "bad_request"


async def test_so_many_uploads_are_unfinished(filers: list[Filer]) -> None:
    ann = filers[0]
    answers = await asyncio.gather(*(ann.ask("POST", "/v1/media", **TUS, upload_length="5") for _ in range(25)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (20, 5)


async def test_a_thousand_ask_for_a_preview_and_one_is_made(filers: list[Filer]) -> None:
    ann, ben, _ = filers
    group = await _group([ann, ben])
    upload = await ann.upload(picture(), "a.jpg", "picture")
    number = (await ann.send(group, {"upload": upload["id"]})).json()["number"]
    at = f"/v1/conversations/{group}/messages/{number}/media/320"
    seen = set()

    async def ask() -> None:
        for _ in range(50):
            answer = await ben.ask("GET", at)
            while answer.status_code in (429, 503):
                await asyncio.sleep(0.2)
                answer = await ben.ask("GET", at)
            assert answer.status_code == 200, answer.text
            seen.add(answer.headers["etag"])

    await asyncio.gather(*(ask() for _ in range(20)))
    assert len(seen) == 1
