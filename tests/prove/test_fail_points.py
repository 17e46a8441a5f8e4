"""Every named point is passed by a real server that does what leads there, and acts there as it is told."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from prove.faults.at_point import FailPoint
from prove.faults.pause import cont
from prove.process import DidNotStartError, ServerProcess
from tests.support.device import Device
from tests.support.people import Crowd

from chinwag import fail_points
from chinwag.domain.ids import ClientId
from chinwag.fail_points import POINTS, VARIABLE, FailPointError, parse
from chinwag.wire.frames import Error, Read, Send
from chinwag.wire.values import Text

KILLED = -signal.SIGKILL
SERVING = [name for name, one in POINTS.items() if one.phase == "serving"]
EVERY_TIME = SERVING[::4]
"""Some of each part of the way, with every `make test`: each point costs a start."""


def test_words_are_understood_or_refused() -> None:
    assert [(plan.name, plan.at, plan.action) for plan in parse("deliver.decided:37, store.synced=error")] == [
        ("deliver.decided", 37, "kill"),
        ("store.synced", 1, "error"),
    ]
    for words in ("deliver.decide", "deliver.decided:0", "deliver.decided:x", "deliver.decided=explode"):
        with pytest.raises(FailPointError):
            parse(words)


def test_the_page_names_each_point_in_its_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fail-points.md").read_text()
    assert re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE) == list(POINTS)


def test_the_code_passes_each_point() -> None:
    source = Path(fail_points.__file__).parent
    code = "".join(file.read_text() for file in source.rglob("*.py") if file.name != "fail_points.py")
    assert set(re.findall(r'passing(?:_half_way)?\("([a-z_.]+)"', code)) == set(POINTS)


async def _everything(anna: Device, ben: Device, away: Device, name: str) -> None:
    """What leads to every point of a serving server: sends, marks, a return, an account change called `name`.

    Each time anew: a send that is known by its id places nothing that could be followed, and a mark that stands moves
    nothing.
    """
    answer = await anna.ask(Send(ClientId(f"at {name}"), Text(name), to=ben.account))
    if not isinstance(answer, Error):
        ben.send(Read(answer.conversation, answer.number))
    await anna.place.request("PATCH", "/v1/me", token=anna.token, json={"display_name": name})
    await away.connect()


@pytest.mark.parametrize(
    "names",
    [EVERY_TIME, pytest.param([name for name in SERVING if name not in EVERY_TIME], marks=pytest.mark.prove)],
    ids=["some", "the others"],
)
async def test_a_server_dies_at_each_point_while_it_serves(process: ServerProcess, names: list[str]) -> None:
    point = FailPoint(process)
    people = Crowd(process)
    try:
        await process.start()
        anna, ben = await people.people("anna", "ben")
        away = await people.another(ben)
        for name in names:
            await away.disconnect()
            # so that there is something to catch up with
            await anna.ask(Send(ClientId(f"before {name}"), Text("before"), to=ben.account))
            point.arm(name)
            doing = asyncio.create_task(_everything(anna, ben, away, name))
            assert await process.exited() == KILLED, name
            assert point.reached(name), name
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            point.disarm()
            for one in (anna, ben, away):
                await one.disconnect()
            await process.start()
            for one in (anna, ben):
                await one.connect()
    finally:
        await people.leave()


async def test_a_server_dies_at_its_start_and_in_its_stop(process: ServerProcess) -> None:
    point = FailPoint(process)
    point.arm("start.begun")
    with pytest.raises(DidNotStartError) as ended:
        await process.start()
    assert ended.value.code == KILLED
    point.arm("stop.drained")
    await process.start()
    assert await process.stop() == KILLED
    point.disarm()
    await process.start()
    assert await process.stop() == 0


async def test_a_disk_that_fails_once_is_overcome(process: ServerProcess) -> None:
    point = FailPoint(process)
    people = Crowd(process)
    try:
        await process.start()
        anna, ben = await people.people("anna", "ben")
        for name in ("store.writing", "store.synced", "deliver.decided"):
            point.arm(name, action="error")
            refused = await anna.ask(Send(ClientId(name), Text(name), to=ben.account))
            assert isinstance(refused, Error), name
            assert (refused.code, refused.retryable) == ("unavailable", True), name
            point.disarm()
            async with asyncio.timeout(60):
                while isinstance(answer := await anna.ask(Send(ClientId(name), Text(name), to=ben.account)), Error):
                    assert answer.retryable
        assert process.starts == 1
    finally:
        await people.leave()


async def test_a_server_stops_itself_and_is_continued(process: ServerProcess, crowd: Crowd) -> None:
    await process.stop()
    point = FailPoint(process)
    await process.start()
    point.arm("deliver.committed", action="pause")
    anna, ben = await crowd.people("anna", "ben")
    waiting = asyncio.create_task(anna.ask(Send(ClientId("one"), Text("one"), to=ben.account)))
    await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert not waiting.done()
    cont(process)
    assert not isinstance(await waiting, Error)


@pytest.mark.parametrize(
    ("words", "flags", "said"),
    [
        ("nonsense", (), "no fail point is called"),
        ("deliver.decided", ("--server-host", "0.0.0.0"), "would hurt a server that others can reach"),
    ],
)
async def test_who_could_be_hurt_by_mistake_is_not(
    tmp_path: Path, words: str, flags: tuple[str, ...], said: str
) -> None:
    server = ServerProcess(tmp_path / "data", *flags, environment={VARIABLE: words})
    with pytest.raises(DidNotStartError) as ended:
        await server.start()
    assert ended.value.code == 1
    assert said in str(ended.value)
