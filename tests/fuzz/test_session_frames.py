"""A session that says anything at all harms no other, and finds no mistake of the server's."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prove.process import ServerProcess
from tests.fuzz.strategies import frames
from tests.support.device import Device
from tests.support.people import Crowd, settle_in

from chinwag.domain.ids import ClientId, ConversationId
from chinwag.wire.codec import decode_server, encode
from chinwag.wire.frames import Bye, Delete, Error, Hello

LIMITS = ("--limits-sends-per-second", "100000", "--limits-sends-burst", "100000")
KNOWN = ["g~0", "d~1~2"]  # the strategies are made before the server: real ids take these places
WAIT = 20.0
END = ClientId("the end")


class Town:
    """A server, a device that is well-behaved, and one whose sessions are not."""

    def __init__(self, process: ServerProcess, crowd: Crowd, good: Device, bad: Device) -> None:
        self.process = process
        self.crowd = crowd
        self.good = good
        self.bad = bad
        self.pings = 0

    async def say(self, payloads: list[bytes]) -> list[Error | Bye]:
        """A session of the bad device that says all these; what it was refused, or how it ended."""
        heard: list[Error | Bye] = []
        answered = asyncio.Event()

        def take(payload: bytes) -> None:
            frame = decode_server(payload)
            if isinstance(frame, Error) and frame.id == END:
                answered.set()
            elif isinstance(frame, Error | Bye):
                heard.append(frame)

        link = await self.crowd.place.link(take)
        link.send(encode(Hello(token=self.bad.token)))
        for payload in payloads:
            link.send(payload)
        link.send(encode(Delete(END, ConversationId("g~1"), 1)))  # refused, after all before it
        link.ended.add_done_callback(lambda _: answered.set())
        async with asyncio.timeout(WAIT):
            await answered.wait()
        link.cut()
        await link.ended
        return heard


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    process = ServerProcess(tmp_path_factory.mktemp("fuzz") / "data", *LIMITS)
    people = await settle_in(process.data, ["good", "bad"])
    try:
        await process.start()
        crowd = Crowd(process)
        good, bad = [Device(crowd.place, *one) for one in people]
        crowd.devices += [good, bad]
        for device in (good, bad):
            await device.load()
        await good.connect()
        yield Town(process, crowd, good, bad)
        await crowd.leave()
    finally:
        process.end()


@pytest.mark.asyncio(loop_scope="module")
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(payloads=st.lists(frames(KNOWN), max_size=12))
async def test_frames_of_any_kind(town: Town, payloads: list[bytes]) -> None:
    direct = "~".join(["d", *sorted((town.good.account, town.bad.account))]).encode()
    said = [payload.replace(b"g~0", direct).replace(b"d~1~2", direct) for payload in payloads]
    heard = await town.say(said)
    assert not [one for one in heard if one.code == "internal"], said
    town.good.send(b'{"type":"send","id":"%b","to":"%b","body":{"type":"text","text":"still here"}}' % _fresh(town))
    await town.good.until(lambda: town.good.answers or town.good.byes, "an answer")
    assert not town.good.byes
    assert not town.good.gaps
    town.good.answers.clear()


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_of_it_was_logged_as_a_mistake(town: Town) -> None:
    log = town.process.log()
    assert '"level":"error"' not in log
    assert "Traceback" not in log


def _fresh(town: Town) -> tuple[bytes, bytes]:
    return secrets.token_hex(8).encode(), town.bad.account.encode()
