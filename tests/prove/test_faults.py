"""Each way to hurt a server hurts it as it says, and the server heals by itself (P12)."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from prove.faults.clock import HOUR, WrongClock
from prove.faults.files import no_files
from prove.faults.pause import stopped
from prove.process import ServerProcess
from tests.support.device import Device, texts
from tests.support.people import PASSWORD, Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text


async def _say(sender: Device, reader: Device, text: str) -> Ack:
    """Somebody says something, again and again while it is refused as something that passes, and it arrives."""
    while True:
        answer = await sender.ask(Send(ClientId(text), Text(text), to=reader.account))
        if isinstance(answer, Ack):
            await reader.until(lambda: text in texts(reader), text)
            return answer
        assert isinstance(answer, Error)
        assert answer.retryable, answer
        await asyncio.sleep(0.05)


async def test_without_file_descriptors_sessions_live_on_and_others_come_in_later(
    process: ServerProcess, crowd: Crowd
) -> None:
    anna, ben = await crowd.people("anna", "ben")
    await _say(anna, ben, "before")
    with no_files(process):
        await _say(anna, ben, "without")
        with pytest.raises(httpx2.TransportError):
            async with httpx2.AsyncClient(timeout=2) as client:
                await client.get(f"{process.url}/v1/gateways")
        await _say(ben, anna, "still")
    await _say(anna, ben, "after")
    await ben.disconnect()
    await ben.connect()
    await _say(anna, ben, "again")
    assert (await crowd.person("carl")).account


async def test_a_stopped_server_goes_on_where_it_was(process: ServerProcess, crowd: Crowd) -> None:
    anna, ben = await crowd.people("anna", "ben")
    async with stopped(process):
        waiting = asyncio.create_task(anna.ask(Send(ClientId("s"), Text("stopped"), to=ben.account)))
        status = (Path("/proc") / str(process.pid) / "stat").read_text()
        assert status.rpartition(")")[2].split()[0] == "T"
    assert isinstance(await waiting, Ack)
    await _say(ben, anna, "going on")


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
async def test_a_clock_that_jumps_harms_nobody_who_is_connected(tmp_path: Path, seconds: float) -> None:
    server = ServerProcess(tmp_path / "data")
    clock = WrongClock(server)
    people = Crowd(server)
    try:
        await server.start()
        anna, ben = await people.people("anna", "ben")
        before = await _say(anna, ben, "before")
        clock.jump(seconds)
        after = await _say(ben, anna, "after")
        assert abs(after.sent_at - before.sent_at - seconds * 1000) < 60_000
        # A device that was let in before the jump and comes back needs a new token at most; a new one is let in.
        other = await people.another(anna) if seconds < 0 else await people.person("carl")
        await _say(other, ben, "new")
        clock.jump(0)
        await _say(anna, ben, "right again")
        await ben.disconnect()
        await ben.connect()
        await _say(anna, ben, "back")
        clock.jump(seconds)
        await server.kill()
        await server.start()
        clock.jump(0)
        log_in = {"name": "dora", "password": PASSWORD}
        assert (await anna.place.request("POST", "/v1/accounts", json=log_in)).status_code == 201
        for one in (anna, ben):
            await one.disconnect()
            await one.connect()
        await _say(anna, ben, "after the start")
    finally:
        await people.leave()
        server.end()
        print(server.log())
