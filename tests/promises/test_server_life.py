"""A server's stop, a second one on its data, a reader that is too slow, and many people behind one address."""

import asyncio
import sys
from pathlib import Path

from prove.process import ServerProcess
from tests.support.device import Device, texts
from tests.support.people import Crowd, settle_in
from tests.support.places import Sockets

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Ping, Send
from chinwag.wire.values import Text


async def test_sigterm_says_goodbye_answers_what_is_in_flight_and_exits_with_zero(crowd: Crowd) -> None:
    anna, berta = await crowd.people("anna", "berta")
    names = [ClientId(f"m{count}") for count in range(90)]
    for name in names:
        anna.send(Send(name, Text(f"text {name}"), to=berta.account))
    await anna.answer(names[0])
    assert await crowd.process.stop() == 0
    for device in (anna, berta):
        assert device.link is not None
        assert await device.link.ended == 1012
        assert [bye.code for bye in device.byes] == ["drain"]
        assert device.byes[0].reconnect_after > 0
    acked = {name: answer.number for name in names for answer in anna.answers.get(name, []) if isinstance(answer, Ack)}
    refused = [answer for name in names for answer in anna.answers.get(name, []) if isinstance(answer, Error)]
    assert refused == []
    await crowd.process.start()
    for device in (anna, berta):
        await device.connect()
        await device.reach_head()
        assert device.gaps == []
    assert [name for name in names if f"text {name}" in texts(berta)] == list(acked)
    # What had no answer is sent again, and nothing stands twice.
    for name in names:
        answer = await anna.ask(Send(name, Text(f"text {name}"), to=berta.account))
        assert isinstance(answer, Ack)
        assert acked.get(name, answer.number) == answer.number
    await berta.reach_head()
    assert sorted(texts(berta)) == sorted(f"text {name}" for name in names)


async def test_a_second_server_on_the_same_data_is_told_so(process: ServerProcess) -> None:
    await process.start()
    second = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "chinwag.cli", "serve", "--data-path", str(process.data), "--server-port", "0", "--observe-port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert second.stdout is not None
    said = (await second.stdout.read()).decode()
    assert await second.wait() != 0
    assert "Traceback" not in said
    assert str(process.data) in said.replace("\n", "")
    assert process.running


async def test_a_reader_that_is_too_slow_is_closed_and_comes_back_to_everything(tmp_path: Path) -> None:
    size, count = 5_000, 800
    process = ServerProcess(
        tmp_path / "data",
        *("--limits-text-characters", str(size), "--limits-frame-bytes", "131072", "--limits-outbound-bytes", "131072"),
        *("--limits-sends-per-second", "10000", "--limits-sends-burst", "10000"),
        *("--presence-offline-seconds", "600"),  # however long a busy machine takes for all that
    )
    crowd = Crowd(process)
    try:
        await process.start()
        anna, berta = await crowd.people("anna", "berta")
        await berta.disconnect()
        await berta.connect(small=True)
        assert berta.link is not None
        berta.link.stall()
        sent = [f"{number} ".ljust(size, ".") for number in range(count)]
        for number, text in enumerate(sent):
            anna.send(Send(ClientId(f"m{number}"), Text(text), to=berta.account))
        for number in range(count):
            assert isinstance(await anna.answer(f"m{number}"), Ack)
        # Its socket is full. Answers to what it goes on asking may not pile up for ever.
        for _ in range(131072 // 15):
            berta.send(Ping())
        berta.link.resume()
        await berta.link.ended
        assert [bye.code for bye in berta.byes] == ["slow_consumer"]
        await berta.connect()
        await berta.reach_head()
        assert texts(berta) == sent
        assert berta.gaps == []
    finally:
        await crowd.leave()
        process.end()
        print(process.log()[-5_000:])


async def test_five_hundred_people_behind_one_address_chat(tmp_path: Path) -> None:
    process = ServerProcess(tmp_path / "data")
    settled = await settle_in(process.data, [f"person-{number}" for number in range(500)])
    place = Sockets(process)
    devices = [Device(place, name, account, device, token) for name, account, device, token in settled]
    try:
        await process.start()
        for first in range(0, len(devices), 50):
            await asyncio.gather(*(_comes(device) for device in devices[first : first + 50]))
        pairs = list(zip(devices, [*devices[1:], devices[0]], strict=True))
        await asyncio.gather(*(_say_hello(one, other) for one, other in pairs))
        for _, other in pairs:
            await other.until(lambda other=other: f"hello {other.name}" in texts(other), "its hello")  # type: ignore[misc]
    finally:
        await asyncio.gather(*(device.close() for device in devices))
        await place.close()
        process.end()
        print(process.log()[-5_000:])


async def _comes(device: Device) -> None:
    """Be let in: a server that is busy with others says when to come again."""
    async with asyncio.timeout(120):
        await device.connect(None)
        while device.welcome is None:
            await asyncio.sleep(max(0.1, device.byes[-1].reconnect_after if device.byes else 0.0))
            await device.connect(None)


async def _say_hello(one: Device, other: Device) -> None:
    """500 direct conversations begun at once ask much of the directory: what it cannot take now, it takes later."""
    frame = Send(ClientId("m"), Text(f"hello {other.name}"), to=other.account)
    for _ in range(50):
        answer = await one.ask(frame)
        if isinstance(answer, Ack):
            return
        assert answer.retryable, answer
        await asyncio.sleep(answer.retry_after or 0.5)
    raise AssertionError(f"{one.name} was never heard: {one.errors[-1]}")
