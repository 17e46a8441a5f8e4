"""What only media in an object store can be: a store that is away, links, what a process that died has left."""

import asyncio
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import obstore
import pytest
from tests.contract.media_stores import pieces, whole
from tests.support.own_seaweed import OwnSeaweed, own_seaweed

from chinwag.adapters.s3 import Bucket, S3MediaStore, media_store
from chinwag.adapters.s3.bucket import presigned
from chinwag.adapters.s3.upload_store import S3UploadStore
from chinwag.domain.ids import UploadId
from chinwag.domain.refusal import Code, Refused

LONG = b"0123456789abcdef" * (media_store.PART_BYTES // 16 + 1_000)


@pytest.fixture(scope="module")
def server() -> Iterator[OwnSeaweed]:
    with own_seaweed() as begun:
        yield begun


@pytest.fixture
def bucket(server: OwnSeaweed) -> Bucket:
    return server.bucket()


async def test_a_store_that_is_away_is_unavailable_and_comes_back(server: OwnSeaweed, bucket: Bucket) -> None:
    store = S3MediaStore(bucket)
    put = await store.put(pieces(b"words"))
    server.kill()
    async with asyncio.timeout(60):  # each by itself is bounded by far less
        await _all_unavailable(store, put.hash)
    server.begin()
    async with asyncio.timeout(120):
        assert await _asked_again(store, put.hash) == b"words"
    await store.close()


async def _asked_again(store: S3MediaStore, hash_: str) -> bytes:
    """As whoever is refused does: a store that has just begun may not have all of its parts yet."""
    while True:
        try:
            return await whole(store, hash_)
        except Refused as refused:
            await asyncio.sleep(refused.retry_after or 0)


async def test_a_store_that_is_silent_is_unavailable(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_store, "ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = msgspec.structs.replace(bucket, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        store = S3MediaStore(there)
        async with asyncio.timeout(60):
            await _all_unavailable(store, "0" * 64)
        await store.close()


async def test_wrong_keys_are_unavailable(bucket: Bucket) -> None:
    await S3MediaStore(bucket).put(pieces(b"words"))
    store = S3MediaStore(msgspec.structs.replace(bucket, secret_key="another"))
    await _all_unavailable(store, "0" * 64)


class _NoBucket(BaseHTTPRequestHandler):
    """Answers as S3 does of a bucket that is not there. (SeaweedFS makes one for what is put into it.)"""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = b"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>"
        self.send_response(404)
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_HEAD = do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


async def test_a_bucket_that_is_not_there_is_unavailable() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _NoBucket) as server:
        serving = asyncio.create_task(asyncio.to_thread(server.serve_forever))
        try:
            there = f"http://127.0.0.1:{server.server_address[1]}"
            bucket = Bucket(endpoint=there, name="none", region="us-east-1", access_key="k", secret_key="s")
            store, parts = S3MediaStore(bucket), S3UploadStore(bucket)
            upload = UploadId("1")
            for call in (
                store.put(pieces(b"words")),
                store.put(pieces(LONG, 1024 * 1024)),
                store.delete("0" * 64),
                parts.put(upload, "part", b"words"),
                parts.get(upload, "part"),
                parts.drop(upload, ["part"]),
                parts.remove(upload),
                parts.uploads(),
            ):
                with pytest.raises(Refused) as told:
                    await call
                assert told.value.code is Code.UNAVAILABLE
        finally:
            await asyncio.to_thread(server.shutdown)
            await serving


async def test_a_blob_that_was_cut_short_in_the_bucket_is_put_anew(bucket: Bucket) -> None:
    store = S3MediaStore(bucket)
    put = await store.put(pieces(b"words"))
    await obstore.put_async(bucket.open(), f"{put.hash[:2]}/{put.hash[2:4]}/{put.hash}", b"wor")
    assert await store.put(pieces(b"words")) == put
    assert await whole(store, put.hash) == b"words"


async def _all_unavailable(store: S3MediaStore, hash_: str) -> None:
    async def blobs() -> None:
        [_ async for _ in store.blobs()]

    for call in (
        store.size(hash_),
        whole(store, hash_),
        store.put(pieces(b"others")),
        store.put(pieces(LONG, 1024 * 1024)),
        store.delete(hash_),
        blobs(),
    ):
        with pytest.raises(Refused) as told:
            await call
        assert told.value.code is Code.UNAVAILABLE


def test_a_link_is_signed_as_the_documentation_shows() -> None:
    """The example of "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", with the address of
    the bucket in the path, as ours is, checked against the library's own signature."""
    bucket = Bucket(
        endpoint="https://s3.example.org",
        name="examplebucket",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    theirs = obstore.sign(bucket.open(), "GET", "test.txt", timedelta(seconds=86_400))
    query = dict(part.split("=", 1) for part in theirs.partition("?")[2].split("&"))
    now = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = presigned(bucket, "test.txt", 86_400, "", "", now)
    assert sorted(ours.partition("?")[2].split("&")) == sorted(theirs.partition("?")[2].split("&"))
    assert ours.partition("?")[0] == theirs.partition("?")[0]


async def test_a_link_opens_one_blob_with_ranges_and_says_its_type(bucket: Bucket) -> None:
    store = S3MediaStore(bucket)
    put, other = await store.put(pieces(LONG)), await store.put(pieces(b"other"))
    link = await store.link(put.hash, 60, "video/mp4", 'inline; filename="a b.mp4"')
    assert link is not None
    answer = await asyncio.to_thread(_get, link, {"Range": "bytes=16-25"})
    assert answer.status == 206
    assert answer.read() == b"0123456789"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == 'inline; filename="a b.mp4"'
    for changed in (link.replace(put.hash, other.hash), link.replace("video", "text"), link[:-1] + "g"):
        with pytest.raises(urllib.error.HTTPError) as told:
            await asyncio.to_thread(_get, changed, {})
        assert told.value.code == 403
    old = presigned(bucket, f"{put.hash[:2]}/{put.hash[2:4]}/{put.hash}", 1, "", "", datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(urllib.error.HTTPError) as told:
        await asyncio.to_thread(_get, old, {})
    assert told.value.code == 403
    assert await store.link("../x", 60) is None


def _get(url: str, headers: dict[str, str]):  # type: ignore[no-untyped-def]
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30)


async def test_what_a_process_that_died_has_left_goes_after_a_day(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, client = S3MediaStore(bucket), bucket.open()
    put = await store.put(pieces(b"words"))
    await obstore.put_async(client, "incoming/left", b"half of it")
    await obstore.put_async(client, "of-somebody-else", b"not ours")
    assert [blob async for blob in store.blobs()] == [put]
    assert (await obstore.head_async(client, "incoming/left"))["size"] == 10
    monkeypatch.setattr(media_store, "LEFT", timedelta(seconds=-60))
    assert [blob async for blob in store.blobs()] == [put]
    with pytest.raises(FileNotFoundError):
        await obstore.head_async(client, "incoming/left")
    assert (await obstore.head_async(client, "of-somebody-else"))["size"] == 8


async def test_long_blobs_leave_nothing_beside_them(bucket: Bucket) -> None:
    store, client = S3MediaStore(bucket), bucket.open()
    for _ in range(2):
        put = await store.put(pieces(LONG, 1024 * 1024))
    left = [one["path"] async for page in obstore.list(client) for one in page]
    assert left == [f"{put.hash[:2]}/{put.hash[2:4]}/{put.hash}"]


def test_nothing_shows_the_keys(bucket: Bucket) -> None:
    assert bucket.secret_key not in repr(bucket)
    assert bucket.secret_key not in repr(S3MediaStore(bucket))
