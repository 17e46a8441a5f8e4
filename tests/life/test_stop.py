"""SIGTERM while people post, poll and stream: all are answered or sent away, none is cut, and no mistake is logged."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prove.process import ServerProcess
from tests.support.device import Device
from tests.support.people import Crowd

POSTERS = 12
"""Connections that post, one request after the other."""
HELD = 3
"""Polls, and as many streams, that are open: of one device four at most are."""
PATIENCE = 60.0
"""Seconds after which a round fails the test. Nothing is decided by them."""


class Kept:
    """One kept-alive connection of a device."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, device: Device) -> None:
        self._reader = reader
        self._writer = writer
        self._device = device
        self._first = b""

    @classmethod
    async def open(cls, process: ServerProcess, device: Device) -> "Kept":
        where = urlsplit(process.url)
        return cls(*await asyncio.open_connection(where.hostname, where.port), device)

    def ask(self, head: str, body: bytes = b"", **headers: str) -> None:
        """Send a request."""
        lines = [f"{head} HTTP/1.1", "Host: l", f"Authorization: Bearer {self._device.token}"]
        if body:
            lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)

    async def over(self) -> bool:
        """Whether the connection ends instead of an answer; waits until one of them comes."""
        self._first = await self._reader.read(1)
        return not self._first

    async def head(self) -> tuple[int, dict[str, str]]:
        """The next answer's status and headers."""
        status, *fields = (self._first + await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self._first = b""
        return int(status.split()[1]), {
            name.lower(): value for name, _, value in (field.partition(": ") for field in fields if field)
        }

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer."""
        status, headers = await self.head()
        return status, headers, await self._reader.readexactly(int(headers["content-length"]))

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        return await self._reader.read()


class Poster:
    """Posts messages on one connection until the server ends it."""

    def __init__(self, kept: Kept, conversation: str, number: int) -> None:
        self.placed: list[str] = []
        self.refusals: list[str] = []
        self.begun = asyncio.Event()
        self._kept = kept
        self._path = f"POST /v1/conversations/{conversation}/messages"
        self._number = number

    async def run(self) -> None:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for turn in range(100_000):
                text = f"{self._number}.{turn}"
                body = json.dumps({"body": {"type": "text", "text": text}}).encode()
                self._kept.ask(self._path, body, Idempotency_Key=text)
                if await self._kept.over():
                    return
                status, headers, answer = await self._kept.answer()
                self.begun.set()
                if status == 201:
                    self.placed.append(text)
                    continue
                self.refusals.append(json.loads(answer)["code"])
                if headers.get("connection") == "close":
                    assert await self._kept.rest() == b""
                    return


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that lets one person post as fast as its machine can."""
    process = ServerProcess(
        tmp_path / "data",
        *("--limits-sends-per-second", "100000", "--limits-sends-burst", "100000"),
        *("--limits-requests-per-second", "100000", "--limits-requests-burst", "100000"),
    )
    yield process
    process.end()


async def test_sigterm_answers_or_sends_away_everybody_and_logs_no_mistake(
    process: ServerProcess, crowd: Crowd
) -> None:
    anna, ben, carl = await crowd.people("anna", "ben", "carl")
    answer = await anna.place.request(
        "POST",
        f"/v1/conversations/{_direct(anna, ben)}/messages",
        token=anna.token,
        json={"body": {"type": "text", "text": "first"}},
    )
    assert answer.status_code == 201, answer.text
    for _ in range(3):
        async with asyncio.timeout(PATIENCE):
            # Carl hears nothing: his polls wait, until the server stops.
            polls = [await Kept.open(process, carl) for _ in range(HELD)]
            for poll in polls:
                poll.ask(f"GET /v1/sync?after={carl.epoch}.{carl.position}&wait=25")
            streams = [await Kept.open(process, ben) for _ in range(HELD)]
            for stream in streams:
                stream.ask(f"GET /v1/events?after={ben.epoch}.{ben.position}")
                assert (await stream.head())[0] == 200
            while await process.figure("chinwag_streams") < 2 * HELD:  # noqa: ASYNC110 - nothing else tells of it
                await asyncio.sleep(0.01)
            posters = [Poster(await Kept.open(process, anna), _direct(anna, ben), number) for number in range(POSTERS)]
            async with asyncio.TaskGroup() as posting:
                for poster in posters:
                    posting.create_task(poster.run())
                for poster in posters:
                    await poster.begun.wait()
                assert await process.stop() == 0
            codes = {code for poster in posters for code in poster.refusals}
            assert codes <= {"drain"}, codes
            for poll in polls:
                status, headers, body = await poll.answer()
                assert (status, headers["connection"], json.loads(body)["code"]) == (503, "close", "drain")
            for stream in streams:
                assert b'"drain"' in (await stream.rest()).rpartition(b"event: ")[2]
            for line in process.log().splitlines():
                told = json.loads(line)
                assert told["level"] in ("info", "debug"), line
                assert "exception" not in told, line
            await process.start()


def _direct(one: Device, other: Device) -> str:
    return "d~" + "~".join(sorted((one.account, other.account)))
